using TokMesh.Cluster.Replicas;

namespace TokMesh.Cluster.Lanes;

/// <summary>
/// Decides when a lane proposes the writes its groups have gathered: in batches, one entry per group and batch, and a batch only
/// when the one before is mostly committed. What waits could hardly be committed sooner, and everything behind a proposal
/// (frames, syncs, acknowledgements, wake-ups) costs per batch and per entry, not per write: a busy lane gathers more and does
/// less. A lone write never waits. See docs/decisions/0005.
/// </summary>
internal sealed class ProposalBatches
{
    /// <summary>A batch that takes longer holds up nobody any more: some of its groups have lost their majority.</summary>
    private const int MaxBatchMs = 10;

    private readonly List<Replica> _gathering = [];
    private ProposalBatch _last = new();
    private long _lastBegan;

    /// <summary>Whether the next batch has to wait for the last one, whose acknowledgements are on their way.</summary>
    public bool IsUnderWay(long nowMs) => !_last.IsMostlyOver && nowMs - _lastBegan < MaxBatchMs;

    /// <summary>A group that has writes for the next batch.</summary>
    public void Add(Replica replica)
    {
        if (replica.IsGathering) return;
        replica.IsGathering = true;
        _gathering.Add(replica);
    }

    /// <summary>Whether there is anything for a batch, and the last one is far enough.</summary>
    public bool IsDue(long nowMs) => _gathering.Count > 0 && !IsUnderWay(nowMs);

    /// <summary>Every group that has gathered writes proposes them.</summary>
    public void Begin(Lane lane)
    {
        (_last, _lastBegan) = (new ProposalBatch(), lane.NowMs);
        foreach (var replica in _gathering)
        {
            replica.IsGathering = false;
            replica.Propose(_last);
            lane.HasWork(replica);
        }
        _gathering.Clear();
    }
}
