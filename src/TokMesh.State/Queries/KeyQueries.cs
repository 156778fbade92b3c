using System.Buffers;
using TokMesh.State.Data;
using TokMesh.State.Errors;
using TokMesh.State.Keys;
using TokMesh.State.Replies;
using TokMesh.State.Wire;

namespace TokMesh.State.Queries;

/// <summary>Answers queries on plain keys. Reads change nothing, not even what has expired.</summary>
internal sealed class KeyQueries(ShardData data)
{
    public void Get(ReadOnlySpan<byte> key, long now, IBufferWriter<byte> reply)
    {
        var record = Find(key, now);
        if (record is null) ReplyWriter.Nil(reply);
        else ReplyWriter.Bulk(reply, KeyRecord.Value(record));
    }

    public void GetWithin(int most, ReadOnlySpan<byte> key, long now, IBufferWriter<byte> reply)
    {
        var record = Find(key, now);
        if (record is not null && KeyRecord.ValueLength(record) > most) ReplyWriter.Integer(reply, KeyRecord.ValueLength(record));
        else Get(key, now, reply);
    }

    public void MGetWithin(int most, ref WireReader keys, long now, IBufferWriter<byte> reply)
    {
        var ahead = keys;
        long bytes = 0;
        for (var count = ahead.Count(); count > 0; count--) bytes += Find(ahead.Bytes(), now) is { } record ? KeyRecord.ValueLength(record) : 0;
        if (bytes > most)
            ReplyWriter.Error(reply, ErrorCode.KeyTooLong, $"the values of one shard are {bytes} bytes together, allowed are {most}; ask for fewer keys at once");
        else MGet(ref keys, now, reply);
    }

    public void MGet(ref WireReader keys, long now, IBufferWriter<byte> reply)
    {
        var count = keys.Count();
        ReplyWriter.ArrayHead(reply, count);
        for (; count > 0; count--) Get(keys.Bytes(), now, reply);
    }

    public void GetWithVersion(ReadOnlySpan<byte> key, long now, IBufferWriter<byte> reply)
    {
        var record = Find(key, now);
        if (record is null) ReplyWriter.Nil(reply);
        else ReplyWriter.Versioned(reply, KeyRecord.Version(record), KeyRecord.ExpiresAt(record), KeyRecord.Value(record));
    }

    public void Strlen(ReadOnlySpan<byte> key, long now, IBufferWriter<byte> reply)
    {
        var record = Find(key, now);
        ReplyWriter.Integer(reply, record is null ? 0 : KeyRecord.ValueLength(record));
    }

    public void Exists(ref WireReader keys, long now, IBufferWriter<byte> reply)
    {
        long found = 0;
        for (var count = keys.Count(); count > 0; count--)
        {
            if (Find(keys.Bytes(), now) is not null) found++;
        }
        ReplyWriter.Integer(reply, found);
    }

    /// <summary>The expiry less <paramref name="origin"/>.</summary>
    public void Expiry(ReadOnlySpan<byte> key, long now, long origin, IBufferWriter<byte> reply)
    {
        var record = Find(key, now);
        var expires = record is null ? 0 : KeyRecord.ExpiresAt(record);
        ReplyWriter.Integer(reply, record is null ? -2 : expires == 0 ? -1 : expires - origin);
    }

    public void Type(ReadOnlySpan<byte> key, long now, IBufferWriter<byte> reply)
        => ReplyWriter.Bulk(reply, Find(key, now) is null ? "none"u8 : "string"u8);

    private byte[]? Find(ReadOnlySpan<byte> key, long now)
    {
        var slot = data.Keys.Find(key);
        return slot < 0 || KeyRecord.IsExpired(data.Keys[slot], now) ? null : data.Keys[slot];
    }
}
