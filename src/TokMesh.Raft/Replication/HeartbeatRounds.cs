namespace TokMesh.Raft.Replication;

/// <summary>
/// Numbers a leader's heartbeats and remembers when each round left. A majority's answers to round <c>r</c> prove that nobody
/// else was elected before <c>r</c> left: that confirms reads begun before it, and starts a lease at the moment it left.
/// </summary>
internal sealed class HeartbeatRounds(int intervalMs)
{
    // Rounds leave at least every heartbeat interval; the ring covers far more than an election timeout.
    private readonly long[] _sentAt = new long[64];
    private long _nextAt;

    public ulong Current { get; private set; }

    /// <summary>Whether the current round has still to leave.</summary>
    public bool IsToSend { get; private set; }

    /// <summary>The first round that leaves after this moment.</summary>
    public ulong Next => IsToSend ? Current : Current + 1;

    public bool IsTime(long now) => now >= _nextAt;

    public void Start(long now)
    {
        Current++;
        _sentAt[Current % (ulong)_sentAt.Length] = now;
        // On a common beat, so that the heartbeats of all groups of a node travel together.
        _nextAt = (now / intervalMs + 1) * intervalMs;
        IsToSend = true;
    }

    public void Sent() => IsToSend = false;

    /// <summary>When a round left, or null if it never did or is too old to matter.</summary>
    public long? SentAt(ulong round) =>
        round == 0 || round > Current || Current - round >= (ulong)_sentAt.Length ? null : _sentAt[round % (ulong)_sentAt.Length];
}
