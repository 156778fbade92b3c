using System.Text.Json;

namespace TokMesh.Simulation.Traces;

/// <summary>One node's member of one group, as a trace tells of it: what it holds, and what is on its disk.</summary>
internal sealed class Member
{
    private readonly Queue<(ulong Write, ulong? Term, uint Vote, LogEntry[] Entries)> _writes = [];

    public TermLog Log { get; private set; } = new();

    public TermLog Durable { get; private set; } = new();

    /// <summary>What was on the disk before another was put in its place: what was counted on it then was there.</summary>
    public TermLog Former { get; private set; } = new();

    public ulong DurableTerm { get; private set; }

    public uint DurableVote { get; private set; }

    public ulong Commit { get; set; }

    public ulong Applied { get; set; }

    public required Membership Membership { get; set; }

    public void Persist(JsonElement e) => _writes.Enqueue((e.GetProperty("write").GetUInt64(),
        e.TryGetProperty("hardTerm", out var term) ? term.GetUInt64() : null,
        e.TryGetProperty("hardVote", out var vote) ? vote.GetUInt32() : 0,
        [.. e.GetProperty("entries").EnumerateArray().Select(LogEntry.Of)]));

    public void Persisted(ulong write)
    {
        while (_writes.TryPeek(out var next) && next.Write <= write)
        {
            _writes.Dequeue();
            if (next.Term is { } term) (DurableTerm, DurableVote) = (term, next.Vote);
            foreach (var entry in next.Entries)
            {
                if (entry.Index <= Durable.Base) continue;
                Durable.TruncateAfter(entry.Index - 1);
                if (entry.Index != Durable.Last + 1) throw new TraceViolation($"entry {entry.Index} was written after {Durable.Last}");
                Durable.Add(entry.Term);
            }
        }
    }

    public void Install(ulong index, ulong term)
    {
        _writes.Clear();
        (Log, Durable) = (new TermLog(index, term), new TermLog(index, term));
        Commit = Applied = index;
    }

    public void Crash()
    {
        // What is not known to be on the disk may be there or not: a restart will tell.
        (Log, Commit, Applied) = (new TermLog(), 0, 0);
    }

    /// <summary>Another directory was put in the place of this one's: nothing is known of what it holds.</summary>
    public void Replaced()
    {
        _writes.Clear();
        (Former, Durable) = (Durable, new TermLog());
        (DurableTerm, DurableVote) = (0, 0);
    }

    /// <summary>The member was deleted. What was counted on it was there.</summary>
    public void Removed()
    {
        Replaced();
        Crash();
    }

    public void Recover(JsonElement e, ulong term)
    {
        var found = new TermLog(e.GetProperty("base").GetUInt64(), e.GetProperty("baseTerm").GetUInt64());
        foreach (var entry in e.GetProperty("entries").EnumerateArray()) found.Add(LogEntry.Of(entry).Term);
        var vote = e.GetProperty("vote").GetUInt32();
        if (term < DurableTerm || (term == DurableTerm && DurableVote != 0 && vote != DurableVote)) throw new TraceViolation("a term or vote that was on the disk is gone");
        var sure = Durable.Last;
        foreach (var write in _writes)
            if (write.Entries.Length > 0) sure = Math.Min(sure, write.Entries[0].Index - 1);
        for (var i = Math.Max(found.Base, Durable.Base) + 1; i <= sure; i++)
            if (found.TermAt(i) != Durable.TermAt(i)) throw new TraceViolation($"entry {i} was on the disk and is gone");
        _writes.Clear();
        (Log, Durable, DurableTerm, DurableVote) = (found, found.Copy(), term, vote);
        Commit = Applied = found.Base;
        Membership = Membership.Of(e);
    }
}

/// <summary>The terms of a log's entries after a base.</summary>
internal sealed class TermLog(ulong @base = 0, ulong baseTerm = 0)
{
    private readonly List<ulong> _terms = [];

    public ulong Base => @base;

    public ulong Last => @base + (ulong)_terms.Count;

    public ulong? TermAt(ulong index) => index == @base ? baseTerm : index < @base || index > Last ? null : _terms[(int)(index - @base - 1)];

    public void Add(ulong term) => _terms.Add(term);

    public void TruncateAfter(ulong last)
    {
        if (last < Last) _terms.RemoveRange((int)(last - @base), (int)(Last - last));
    }

    public TermLog Copy()
    {
        var copy = new TermLog(@base, baseTerm);
        copy._terms.AddRange(_terms);
        return copy;
    }
}

/// <summary>An entry as events hold it.</summary>
internal readonly record struct LogEntry(ulong Index, ulong Term, string Hash)
{
    public static LogEntry Of(JsonElement e) => new(e.GetProperty("index").GetUInt64(), e.GetProperty("entryTerm").GetUInt64(), e.GetProperty("hash").GetString()!);
}

/// <summary>Who counts.</summary>
internal sealed record Membership(uint[] Voters, uint[] Outgoing)
{
    public static Membership Of(JsonElement e) => new(List(e, "voters"), List(e, "outgoing"));

    /// <summary>Of both halves, while there are two.</summary>
    public bool HasMajority(Func<uint, bool> holds) => IsMost(Voters, holds) && (Outgoing.Length == 0 || IsMost(Outgoing, holds));

    private static bool IsMost(uint[] members, Func<uint, bool> holds) => 2 * members.Count(holds) > members.Length;

    private static uint[] List(JsonElement e, string name) => [.. e.GetProperty(name).EnumerateArray().Select(m => m.GetUInt32())];
}
