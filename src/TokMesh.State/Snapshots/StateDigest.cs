using System.Buffers;
using TokMesh.State.Data;
using TokMesh.State.Dedup;
using TokMesh.State.Keys;
using TokMesh.State.Wire;

namespace TokMesh.State.Snapshots;

/// <summary>
/// One number for the whole logical content: the sum of the elements' hashes, so that order in memory, which differs
/// between replicas, does not matter, while every order that means something (tombstones) is hashed as a number.
/// </summary>
internal static class StateDigest
{
    private enum Part : ulong
    {
        Session = 1,
        Tombstone,
        Key,
        Name,
        OutboxItem,
        Origin,
        Reply,
    }

    public static ulong Of(ShardData data)
    {
        var scratch = new ArrayBufferWriter<byte>(256);
        ulong sum = 0;
        for (var slot = 0; slot < data.Sessions.End; slot++)
        {
            if (!data.Sessions.IsUsed(slot)) continue;
            var hash = StableHash.Of(data.Sessions[slot], (ulong)Part.Session);
            if (data.Sessions.ForeignOf(slot) is { } foreign) hash = Add(Add(hash, foreign.Flags), foreign.Reservation);
            sum += hash;
        }
        for (var i = 0; i < data.Tombstones.Count; i++)
        {
            ref readonly var dead = ref data.Tombstones.At(i);
            var hash = Add(Add(Add(Add((ulong)Part.Tombstone, data.Tombstones.First + (ulong)i), dead.Id), dead.Token.High), dead.Token.Low);
            hash = Add(Add(hash, (ulong)dead.DiedAt), dead.Expired ? 1ul : 0);
            sum += dead.Foreign is null ? hash : Add(Add(hash, dead.Foreign.Flags), dead.Foreign.Reservation);
        }
        for (var slot = 0; slot < data.Keys.End; slot++)
        {
            if (!data.Keys.IsUsed(slot)) continue;
            var record = data.Keys[slot];
            var hash = StableHash.Of(KeyRecord.Key(record), (ulong)Part.Key);
            sum += Add(Add(StableHash.Of(KeyRecord.Value(record), hash), (ulong)KeyRecord.ExpiresAt(record)), KeyRecord.Version(record));
        }
        foreach (var pointer in data.Names.All)
        {
            scratch.ResetWrittenCount();
            pointer.Write(scratch);
            sum += StableHash.Of(scratch.WrittenSpan, (ulong)Part.Name);
        }
        foreach (var item in data.Outbox.Items)
        {
            scratch.ResetWrittenCount();
            item.Write(scratch);
            sum += StableHash.Of(scratch.WrittenSpan, (ulong)Part.OutboxItem);
        }
        for (var origin = data.Origins.Oldest; origin is not null; origin = origin.Newer) sum += OfOrigin(origin);
        sum = Add(Add(Add(sum, data.AppliedIndex), (ulong)data.Time), data.KeyVersion);
        return Add(Add(sum, data.Outbox.LastId), data.Tombstones.First);
    }

    private static ulong OfOrigin(Origin origin)
    {
        var id = Add((ulong)Part.Origin, origin.Id);
        var sum = Add(Add(Add(id, origin.LastSeq), origin.Floor), (ulong)origin.LastSeen);
        for (var i = 0; i < origin.Replies.Count; i++)
        {
            origin.Replies.At(i, out var seq, out var dropped, out var reply);
            sum += Add(Add(StableHash.Of(reply, (ulong)Part.Reply), seq), dropped ? id + 1 : id);
        }
        return sum;
    }

    private static ulong Add(ulong hash, ulong value) => StableHash.Combine(hash, value);

    private static ulong Add(ulong hash, UInt128 value) => Add(Add(hash, (ulong)value), (ulong)(value >> 64));
}
