using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Raft.Reads;

/// <summary>
/// Linearizable reads that wait: for the first commit of the term, for a majority to confirm the leader, for the state machine
/// to reach the read index (Raft dissertation, section 6.4).
/// </summary>
internal sealed class PendingReads
{
    private readonly List<Read> _reads = [];
    private readonly List<ulong> _beforeFirstCommit = [];

    public bool IsEmpty => _reads.Count == 0;

    /// <summary>Whether a read waits for a heartbeat round that has not left yet.</summary>
    public bool NeedsRound { get; private set; }

    /// <summary>A read of which this leader does not know yet what it must see.</summary>
    public void AddBeforeFirstCommit(ulong context) => _beforeFirstCommit.Add(context);

    /// <summary>The leader has committed in its term: what waited for that must see as much.</summary>
    public void FirstCommitted(LogIndex index, ulong nextRound)
    {
        foreach (var context in _beforeFirstCommit) AddUnconfirmed(context, index, nextRound);
        _beforeFirstCommit.Clear();
    }

    /// <summary>A read that a lease covers: only the state machine has to catch up.</summary>
    public void AddConfirmed(ulong context, LogIndex index) => _reads.Add(new Read(context, 0, index));

    /// <summary>A read that the next heartbeat round will confirm.</summary>
    public void AddUnconfirmed(ulong context, LogIndex index, ulong nextRound)
    {
        _reads.Add(new Read(context, nextRound, index));
        NeedsRound = true;
    }

    public void RoundStarted() => NeedsRound = false;

    /// <summary>Hands out what is confirmed and applied.</summary>
    public void Flush(ulong confirmedRound, LogIndex applied, IRaftOutput output)
    {
        if (_reads.Count == 0) return;
        var kept = 0;
        for (var i = 0; i < _reads.Count; i++)
        {
            var read = _reads[i];
            if (read.Round <= confirmedRound && read.Index <= applied) output.ReadReady(read.Context);
            else _reads[kept++] = read;
        }
        _reads.RemoveRange(kept, _reads.Count - kept);
    }

    public void Abort(List<ulong> lost)
    {
        lost.AddRange(_beforeFirstCommit);
        _beforeFirstCommit.Clear();
        foreach (var read in _reads) lost.Add(read.Context);
        _reads.Clear();
        NeedsRound = false;
    }

    private readonly record struct Read(ulong Context, ulong Round, LogIndex Index);
}
