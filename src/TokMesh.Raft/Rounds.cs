namespace TokMesh.Raft;

/// <summary>
/// Numbers a leader's heartbeats and remembers when each round left. A majority's answers to round <c>r</c> prove that nobody
/// else was elected before <c>r</c> left: that confirms reads begun before it, and starts a lease at the moment it left.
/// </summary>
internal sealed class Rounds
{
    // Rounds leave at least every heartbeat interval; the ring covers far more than an election timeout.
    private readonly long[] _sentAt = new long[64];

    public ulong Current { get; private set; }

    public ulong Start(long now)
    {
        Current++;
        _sentAt[Current % (ulong)_sentAt.Length] = now;
        return Current;
    }

    /// <summary>When a round left, or null if it never did or is too old to matter.</summary>
    public long? SentAt(ulong round) =>
        round == 0 || round > Current || Current - round >= (ulong)_sentAt.Length ? null : _sentAt[round % (ulong)_sentAt.Length];
}
