using System.Buffers;
using TokMesh.State.Data;
using TokMesh.State.Dedup;
using TokMesh.State.Keys;
using TokMesh.State.Names;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Snapshots;

/// <summary>
/// Writes a shard's snapshot: magic, format, the shard's numbers, then each part as a count and its elements, and an end
/// mark. Integrity of the bytes is the file's business; here lengths and structure are checked on reading.
/// </summary>
internal static class SnapshotWriter
{
    public const ulong Magic = 0x31_53_53_4D_54_4B_4F_54; // "TOKTMSS1", little-endian
    public const ulong EndMark = 0x444E_4553_5354_4B54;
    public const int Format = 1;

    public static void Write(ShardData data, IBufferWriter<byte> output)
    {
        output.WriteUInt64(Magic);
        output.WriteVarint(Format);
        output.WriteVarint(data.AppliedIndex);
        output.WriteInt64(data.Time);
        output.WriteVarint(data.KeyVersion);
        output.WriteVarint(data.Outbox.LastId);
        output.WriteVarint(data.Tombstones.First);
        WriteSessions(data.Sessions, output);
        WriteTombstones(data.Tombstones, output);
        WriteKeys(data.Keys, output);
        output.WriteVarint((ulong)data.Names.Count);
        foreach (var pointer in data.Names.All) pointer.Write(output);
        output.WriteVarint((ulong)data.Outbox.Count);
        foreach (var item in data.Outbox.Items) item.Write(output);
        WriteOrigins(data.Origins, output);
        output.WriteUInt64(EndMark);
    }

    private static void WriteSessions(SessionStore sessions, IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)sessions.Count);
        for (var slot = 0; slot < sessions.End; slot++)
        {
            if (!sessions.IsUsed(slot)) continue;
            output.WriteBytes(sessions[slot]);
            WriteForeign(sessions.ForeignOf(slot), output);
        }
    }

    private static void WriteTombstones(Tombstones tombstones, IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)tombstones.Count);
        for (var i = 0; i < tombstones.Count; i++)
        {
            ref readonly var dead = ref tombstones.At(i);
            output.WriteUInt128(dead.Id);
            output.WriteUInt128(dead.Token.High);
            output.WriteUInt128(dead.Token.Low);
            output.WriteInt64(dead.DiedAt);
            output.WriteByte((byte)(dead.Expired ? 1 : 0));
            WriteForeign(dead.Foreign, output);
        }
    }

    private static void WriteKeys(KeyStore keys, IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)keys.Count);
        for (var slot = 0; slot < keys.End; slot++)
        {
            if (!keys.IsUsed(slot)) continue;
            var record = keys[slot];
            output.WriteInt64(KeyRecord.ExpiresAt(record));
            output.WriteVarint(KeyRecord.Version(record));
            output.WriteBytes(KeyRecord.Key(record));
            output.WriteBytes(KeyRecord.Value(record));
        }
    }

    private static void WriteOrigins(OriginTable origins, IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)origins.Count);
        for (var origin = origins.Oldest; origin is not null; origin = origin.Newer)
        {
            output.WriteUInt64(origin.Id);
            output.WriteVarint(origin.LastSeq);
            output.WriteVarint(origin.Floor);
            output.WriteInt64(origin.LastSeen);
            output.WriteVarint((ulong)origin.Replies.Count);
            for (var i = 0; i < origin.Replies.Count; i++)
            {
                origin.Replies.At(i, out var seq, out var dropped, out var reply);
                output.WriteVarint(seq);
                output.WriteByte((byte)(dropped ? 1 : 0));
                output.WriteBytes(reply);
            }
        }
    }

    private static void WriteForeign(ForeignNames? foreign, IBufferWriter<byte> output)
    {
        output.WriteByte(foreign?.Flags ?? 0);
        if (foreign is not null) output.WriteUInt128(foreign.Reservation);
    }
}
