using TokMesh.Raft;

namespace TokMesh.Cluster;

/// <summary>
/// Decides when a lane proposes the writes its groups have gathered: in rounds, one entry per group and round, and a round only
/// when the one before is mostly committed. What waits could hardly be committed sooner, and everything behind a proposal
/// (frames, syncs, acknowledgements, wake-ups) costs per round and per entry, not per write: a busy lane gathers more and does
/// less. A lone write never waits. See docs/decisions/0005.
/// </summary>
internal sealed class ProposalRounds
{
    /// <summary>A round that takes longer holds up nobody any more: some of its groups have lost their majority.</summary>
    private const int MaxRoundMs = 10;

    private readonly List<Replica> _gathering = [];
    private ProposalRound _last = new();
    private long _lastBegan;

    /// <summary>Whether the next round has to wait for the last one, whose acknowledgements are on their way.</summary>
    public bool IsUnderWay(long nowMs) => !_last.IsMostlyOver && nowMs - _lastBegan < MaxRoundMs;

    /// <summary>A group that has writes for the next round.</summary>
    public void Add(Replica replica)
    {
        if (replica.IsGathering) return;
        replica.IsGathering = true;
        _gathering.Add(replica);
    }

    /// <summary>Whether there is anything for a round, and the last one is far enough.</summary>
    public bool IsDue(long nowMs) => _gathering.Count > 0 && !IsUnderWay(nowMs);

    /// <summary>Every group that has gathered writes proposes them.</summary>
    public void Begin(Lane lane)
    {
        (_last, _lastBegan) = (new ProposalRound(), lane.NowMs);
        foreach (var replica in _gathering)
        {
            replica.IsGathering = false;
            replica.Propose(_last);
            lane.HasWork(replica);
        }
        _gathering.Clear();
    }
}

/// <summary>Entries that were proposed together, and how many of them are neither committed nor given up.</summary>
internal sealed class ProposalRound
{
    private int _entries;
    private int _open;

    /// <summary>A few groups without a majority must not hold up all the others.</summary>
    public bool IsMostlyOver => 2 * _open <= _entries;

    public void Begun()
    {
        _entries++;
        _open++;
    }

    public void Ended() => _open--;
}

/// <summary>The entries of one leader that are in rounds, in the order of the log.</summary>
internal sealed class RoundEntries
{
    private readonly Queue<(LogIndex Index, ProposalRound Round)> _entries = [];

    public void Add(LogIndex index, ProposalRound round)
    {
        round.Begun();
        _entries.Enqueue((index, round));
    }

    /// <summary>Entries up to this one are committed.</summary>
    public void Committed(LogIndex index)
    {
        while (_entries.TryPeek(out var first) && first.Index <= index) _entries.Dequeue().Round.Ended();
    }

    /// <summary>This member leads no more: whatever becomes of its entries, no round waits for them.</summary>
    public void Clear()
    {
        foreach (var (_, round) in _entries) round.Ended();
        _entries.Clear();
    }
}
