using TokMesh.State.Errors;
using TokMesh.State.Ids;

namespace TokMesh.Cluster.Placement;

/// <summary>A shard of the data, from 0 up to the shard count, fixed when the cluster is made.</summary>
public readonly record struct ShardId(uint Value)
{
    /// <summary>The Raft group that keeps this shard. Group 0 is meta.</summary>
    public uint Group => Value + 1;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Which shard a name belongs to: murmur3_x86_32 of its bytes, modulo the shard count.</summary>
public static class Sharding
{
    /// <summary>Shard of a session id, token or user id.</summary>
    public static ShardId OfName(ReadOnlySpan<byte> utf8, int shardCount) => new(MurmurHash3.Hash(utf8) % (uint)shardCount);

    /// <summary>Shard of a session id, token or user id.</summary>
    public static ShardId OfName(string name, int shardCount)
    {
        Span<byte> utf8 = stackalloc byte[512];
        var count = TextRules.Utf8.GetByteCount(name);
        if (count > utf8.Length) return OfName(TextRules.Utf8.GetBytes(name), shardCount);
        return OfName(utf8[..TextRules.Utf8.GetBytes(name, utf8)], shardCount);
    }

    /// <summary>Shard of a session id's text.</summary>
    public static ShardId OfSession(SessionId id, int shardCount)
    {
        Span<byte> text = stackalloc byte[SessionId.TextLength];
        id.Format(text);
        return OfName(text, shardCount);
    }

    /// <summary>
    /// Shard of a plain key. Of a key with a non-empty <c>{tag}</c> only the tag counts, as in Redis Cluster, so that keys can be
    /// kept together.
    /// </summary>
    public static ShardId OfKey(ReadOnlySpan<byte> key, int shardCount)
    {
        var open = key.IndexOf((byte)'{');
        if (open >= 0)
        {
            var length = key[(open + 1)..].IndexOf((byte)'}');
            if (length > 0) return OfName(key.Slice(open + 1, length), shardCount);
        }
        return OfName(key, shardCount);
    }
}
