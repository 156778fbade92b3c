using TokMesh.Raft.Options;

namespace TokMesh.Raft.Election;

/// <summary>When to campaign, and until when to stay with the leader it has. Its randomness is a seeded generator: same seed, same deadlines.</summary>
internal sealed class ElectionTimer(RaftOptions options, ulong seed)
{
    private ulong _random = seed | 1;

    /// <summary>When a follower campaigns.</summary>
    public long Deadline { get; private set; }

    /// <summary>Before this moment no vote is given against the leader last heard: the promise a lease stands on.</summary>
    public long LeaseUntil { get; private set; } = long.MinValue;

    /// <summary>A leader was heard, or is presumed to have been just before a restart.</summary>
    public void LeaderHeard(long now)
    {
        LeaseUntil = now + options.ElectionTimeoutMs;
        Restart(now);
    }

    /// <summary>
    /// The leader is believed to be gone: campaign soon, but not all at once, and not before loyalty is over. To stand is to vote, and the
    /// lease of a leader that lives, heard by others or not, rests on that vote too.
    /// </summary>
    public void LeaderLost(long now) => Deadline = Math.Max(now, LeaseUntil) + Jitter();

    public void Restart(long now) => Deadline = now + options.ElectionTimeoutMs + Jitter();

    private int Jitter()
    {
        // splitmix64
        _random += 0x9E3779B97F4A7C15;
        var z = _random;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)options.ElectionJitterMs);
    }
}
