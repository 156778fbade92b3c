using System.Buffers;
using TokMesh.State.Data;
using TokMesh.State.Dedup;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Keys;
using TokMesh.State.Names;
using TokMesh.State.Sessions;

namespace TokMesh.State.Snapshots;

/// <summary>Reads what <see cref="SnapshotWriter"/> wrote, all or nothing.</summary>
internal static class SnapshotReader
{
    public static ShardData Read(ReadOnlySequence<byte> source, int tombstoneCapacity)
    {
        var reader = new SequenceWire(source);
        if ((ulong)reader.Int64() != SnapshotWriter.Magic) throw new CorruptSnapshotException("This is not a shard snapshot.");
        var format = reader.Varint();
        if (format != SnapshotWriter.Format)
            throw new CorruptSnapshotException($"The snapshot has format {format}; this version reads {SnapshotWriter.Format}.");
        var data = new ShardData(tombstoneCapacity)
        {
            AppliedIndex = reader.Varint(),
            Time = reader.Int64(),
            KeyVersion = reader.Varint(),
        };
        if (data.Time < 0) throw new CorruptSnapshotException("The snapshot's time is negative.");
        data.Outbox.LastId = reader.Varint();
        data.Tombstones.StartAt(reader.Varint());
        ReadSessions(ref reader, data.Sessions);
        ReadTombstones(ref reader, data.Tombstones, tombstoneCapacity);
        ReadKeys(ref reader, data.Keys);
        ReadNames(ref reader, data);
        ReadOrigins(ref reader, data.Origins);
        if ((ulong)reader.Int64() != SnapshotWriter.EndMark || !reader.AtEnd)
            throw new CorruptSnapshotException("The snapshot has no end mark where it should end.");
        return data;
    }

    private static void ReadSessions(ref SequenceWire reader, SessionStore sessions)
    {
        for (var count = reader.Count(); count > 0; count--)
        {
            var record = reader.Bytes();
            if (record.Length <= TokenHash.Size || !SessionView.TryRead(SessionRecord.External(record), out _))
                throw new CorruptSnapshotException("A session in the snapshot cannot be read.");
            if (sessions.FindId(SessionRecord.Id(record)) >= 0 || sessions.FindToken(SessionRecord.Token(record)) >= 0)
                throw new CorruptSnapshotException("A session is in the snapshot twice.");
            sessions.Add(record, ReadForeign(ref reader));
        }
    }

    private static void ReadTombstones(ref SequenceWire reader, Tombstones tombstones, int capacity)
    {
        var count = reader.Count();
        if (count > capacity) throw new CorruptSnapshotException($"The snapshot has {count} tombstones; a shard holds {capacity} at most.");
        for (; count > 0; count--)
        {
            tombstones.Add(new Tombstone(reader.UInt128(), new TokenHash(reader.UInt128(), reader.UInt128()), reader.Int64(),
                reader.Flag(), ReadForeign(ref reader)));
        }
    }

    private static void ReadKeys(ref SequenceWire reader, KeyStore keys)
    {
        for (var count = reader.Count(); count > 0; count--)
        {
            var expires = reader.Int64();
            var version = reader.Varint();
            var key = reader.Bytes();
            if (keys.Find(key) >= 0) throw new CorruptSnapshotException("A key is in the snapshot twice.");
            keys.Put(-1, key, reader.Bytes(), expires, version);
        }
    }

    private static void ReadNames(ref SequenceWire reader, ShardData data)
    {
        for (var count = reader.Count(); count > 0; count--)
        {
            var name = ReadName(ref reader);
            var reservation = reader.UInt128();
            var session = new SessionId(new Ulid(reader.UInt128()));
            var state = (NameState)reader.Byte();
            if (state is not (NameState.Reserved or NameState.Confirmed)) throw new CorruptSnapshotException("A pointer in the snapshot has no known state.");
            var notAfter = reader.Int64();
            data.Names.Put(new NamePointer(name, reservation, session, reader.Bytes(), state, notAfter));
        }
        ulong before = 0;
        for (var count = reader.Count(); count > 0; count--)
        {
            var id = reader.Varint();
            var action = (OutboxAction)reader.Byte();
            if (action is not (OutboxAction.Confirm or OutboxAction.Release) || id <= before || id > data.Outbox.LastId)
                throw new CorruptSnapshotException("An outbox item in the snapshot cannot be read.");
            data.Outbox.Restore(new OutboxItem(id, action, ReadName(ref reader), reader.UInt128()));
            before = id;
        }
    }

    private static void ReadOrigins(ref SequenceWire reader, OriginTable origins)
    {
        for (var count = reader.Count(); count > 0; count--)
        {
            var id = (ulong)reader.Int64();
            ulong lastSeq = reader.Varint(), floor = reader.Varint();
            var origin = origins.See(id, reader.Int64());
            origin.LastSeq = lastSeq;
            origin.Floor = floor;
            ReadReplies(ref reader, origin);
        }
    }

    private static void ReadReplies(ref SequenceWire reader, Origin origin)
    {
        ulong before = 0;
        var kept = false;
        for (var count = reader.Count(); count > 0; count--)
        {
            var seq = reader.Varint();
            var dropped = reader.Flag();
            var reply = reader.Bytes();
            if (seq <= before || seq > origin.LastSeq || (dropped && kept))
                throw new CorruptSnapshotException("The remembered replies in the snapshot are out of order.");
            before = seq;
            kept = !dropped;
            if (dropped) origin.Replies.AddDropped(seq);
            else origin.Replies.Add(seq, reply);
        }
    }

    private static Name ReadName(ref SequenceWire reader)
    {
        var kind = (NameKind)reader.Byte();
        var high = reader.UInt128();
        return kind switch
        {
            NameKind.SessionId => Name.Of(new SessionId(new Ulid(high))),
            NameKind.Token => Name.Of(new TokenHash(high, reader.UInt128())),
            _ => throw new CorruptSnapshotException("A name in the snapshot is of no known kind."),
        };
    }

    private static ForeignNames? ReadForeign(ref SequenceWire reader)
    {
        var flags = reader.Byte();
        if (flags > 3) throw new CorruptSnapshotException("A session's foreign names cannot be read.");
        return flags == 0 ? null : ForeignNames.Of(flags, reader.UInt128());
    }
}
