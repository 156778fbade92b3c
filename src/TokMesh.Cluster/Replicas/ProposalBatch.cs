using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Replicas;

/// <summary>Entries that were proposed together, and how many of them are neither committed nor given up.</summary>
internal sealed class ProposalBatch
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

/// <summary>The entries of one leader that are in batches, in the order of the log.</summary>
internal sealed class BatchEntries
{
    private readonly Queue<(LogIndex Index, ProposalBatch Batch)> _entries = [];

    public void Add(LogIndex index, ProposalBatch batch)
    {
        batch.Begun();
        _entries.Enqueue((index, batch));
    }

    /// <summary>Entries up to this one are committed.</summary>
    public void Committed(LogIndex index)
    {
        while (_entries.TryPeek(out var first) && first.Index <= index) _entries.Dequeue().Batch.Ended();
    }

    /// <summary>This member leads no more: whatever becomes of its entries, no batch waits for them.</summary>
    public void Clear()
    {
        foreach (var (_, batch) in _entries) batch.Ended();
        _entries.Clear();
    }
}
