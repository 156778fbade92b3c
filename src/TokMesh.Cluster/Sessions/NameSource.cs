using System.Text;
using TokMesh.Cluster.Placement;
using TokMesh.State.Ids;

namespace TokMesh.Cluster.Sessions;

/// <summary>
/// Draws ids and tokens that fall into a user's shard, so that everything about the user is in one place: the random part is
/// drawn again until the hash fits, which takes as many tries as there are shards, on average.
/// </summary>
public sealed class NameSource(int shardCount, Func<long> wallMs, Action<Span<byte>> fillRandom)
{
    private readonly Lock _lock = new();
    private UInt128 _last;

    /// <summary>A session id in the shard. Ids of one node grow, also within a millisecond.</summary>
    public SessionId NextSessionId(ShardId shard)
    {
        Span<byte> random = stackalloc byte[10];
        Span<byte> text = stackalloc byte[SessionId.TextLength];
        fillRandom(random);
        lock (_lock)
        {
            var candidate = Ulid.Of(wallMs(), random).Value;
            if (candidate <= _last) candidate = _last + 1;
            while (true)
            {
                var id = new SessionId(new Ulid(candidate));
                id.Format(text);
                if (Sharding.OfName(text, shardCount) == shard)
                {
                    _last = candidate;
                    return id;
                }
                candidate++;
            }
        }
    }

    /// <summary>A token of 256 random bits in the shard.</summary>
    public string NextToken(ShardId shard)
    {
        // One request for randomness serves many tries, and only the one that fits becomes a string.
        Span<byte> random = stackalloc byte[32 * 64];
        Span<byte> token = stackalloc byte[TokenRules.GeneratedLength];
        while (true)
        {
            fillRandom(random);
            for (var i = 0; i < random.Length; i += 32)
            {
                TokenRules.Format(random.Slice(i, 32), token);
                if (Sharding.OfName(token, shardCount) == shard) return Encoding.ASCII.GetString(token);
            }
        }
    }
}
