using TokMesh.Raft;
using TokMesh.Raft.Log;

namespace TokMesh.Simulation.Observing;

/// <summary>
/// What a replica was told is on its disk, kept apart from node and disk: it outlives both. What it acknowledges must be in here, and
/// what is in here must be there after a crash.
/// </summary>
internal sealed class DurableLog
{
    private readonly Queue<(ulong Seq, HardState? HardState, ulong First, Term[] Terms)> _underWay = [];
    private readonly List<Term> _terms = [];
    private ulong _base;
    private Term _baseTerm;

    public Term Term { get; private set; }

    public MemberId Vote { get; private set; }

    public ulong Last => _base + (ulong)_terms.Count;

    public void Issued(ulong seq, HardState? hardState, ReadOnlySpan<Entry> entries)
    {
        var terms = new Term[entries.Length];
        for (var i = 0; i < terms.Length; i++) terms[i] = entries[i].Term;
        _underWay.Enqueue((seq, hardState, entries.IsEmpty ? 0 : entries[0].Index.Value, terms));
    }

    public void Persisted(ulong seq)
    {
        while (_underWay.TryPeek(out var write) && write.Seq <= seq)
        {
            _underWay.Dequeue();
            if (write.HardState is { } h) (Term, Vote) = (h.Term, h.Vote);
            if (write.Terms.Length == 0 || write.First <= _base) continue;
            var keep = (int)(write.First - _base - 1);
            if (keep > _terms.Count) throw new SimulationFailure($"Entry {write.First} was written after {Last}: there is a gap.");
            _terms.RemoveRange(keep, _terms.Count - keep);
            _terms.AddRange(write.Terms);
        }
    }

    /// <summary>
    /// A snapshot from a leader is on disk and stands for the whole log. Terms and votes whose writes wait for a slow log still get there.
    /// </summary>
    public void Reset(LogIndex index, Term term)
    {
        for (var waiting = _underWay.Count; waiting > 0; waiting--) _underWay.Enqueue(_underWay.Dequeue() with { First = 0, Terms = [] });
        _terms.Clear();
        (_base, _baseTerm) = (index.Value, term);
    }

    public bool Holds(LogIndex index) => index.Value <= Last;

    /// <summary>Compares with what a restart found, and takes that over; null when nothing is missing.</summary>
    public string? Recovered(RaftGroup raft)
    {
        var problem = Compare(raft);
        _underWay.Clear();
        (Term, Vote) = (raft.Term, raft.Vote);
        (_base, _baseTerm) = (raft.Log.Base.Value, raft.Log.BaseTerm);
        _terms.Clear();
        foreach (var entry in raft.Log.After(raft.Log.Base, int.MaxValue, long.MaxValue)) _terms.Add(entry.Term);
        return problem;
    }

    private string? Compare(RaftGroup raft)
    {
        if (raft.Term < Term) return $"term {Term} was on disk, {raft.Term} was found";
        if (raft.Term == Term && !Vote.IsNone && raft.Vote != Vote) return $"the vote for {Vote} in term {Term} was on disk, one for {raft.Vote} was found";
        // Writes under way may have reached the disk: what they supersede may be gone.
        var sure = Last;
        foreach (var write in _underWay)
            if (write.Terms.Length > 0) sure = Math.Min(sure, write.First - 1);
        if (raft.Log.Last.Value < sure) return $"entries up to {sure} were on disk, only those up to {raft.Log.Last} were found";
        for (var index = Math.Max(_base, raft.Log.Base.Value) + 1; index <= sure; index++)
            if (raft.Log.TermAt(new LogIndex(index)) != _terms[(int)(index - _base - 1)]) return $"entry {index} had term {_terms[(int)(index - _base - 1)]} on disk, {raft.Log.TermAt(new LogIndex(index))} was found";
        return null;
    }
}
