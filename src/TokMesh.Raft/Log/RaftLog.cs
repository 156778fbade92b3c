namespace TokMesh.Raft.Log;

/// <summary>
/// The part of a group's log that is held in memory: everything after <see cref="Base"/>, where a snapshot stands for the rest.
/// Tracks how far the log has been handed out for writing, is durable, committed and applied:
/// <c>Base ≤ Applied ≤ Commit ≤ Last</c> and <c>Durable ≤ Issued ≤ Last</c>.
/// </summary>
public sealed class RaftLog
{
    /// <summary>What an entry costs besides its payload, in bytes: its slot and the payload's array header.</summary>
    public const int EntryOverhead = 64;

    private Entry[] _entries = new Entry[16];
    private int _head;
    private int _count;

    // Writes under way: after write Seq is durable, the log is durable up to Last. A truncation lowers Last of every write that
    // is under way, since what those writes hold beyond it is superseded on disk by a later write, even where the very same
    // (index, term) is appended again afterwards: only the later write may vouch for it (pitfall 22).
    private readonly Queue<Write> _writes = new();

    /// <summary>Begins with what a restart found.</summary>
    /// <param name="snapshotIndex">Last entry of the snapshot the state machine was loaded from.</param>
    /// <param name="snapshotTerm">Term of that entry.</param>
    /// <param name="durable">The entries after it that are on disk, in order.</param>
    public RaftLog(LogIndex snapshotIndex, Term snapshotTerm, IReadOnlyList<Entry> durable)
    {
        Base = Commit = Applied = snapshotIndex;
        BaseTerm = snapshotTerm;
        for (var i = 0; i < durable.Count; i++)
        {
            if (durable[i].Index != Last.Next) throw new RaftInvariantException($"The log continues at {durable[i].Index} after {Last}.");
            Add(durable[i]);
        }
        Issued = Durable = Last;
    }

    /// <summary>Position before the first entry held.</summary>
    public LogIndex Base { get; private set; }

    /// <summary>Term at <see cref="Base"/>.</summary>
    public Term BaseTerm { get; private set; }

    /// <summary>Last entry.</summary>
    public LogIndex Last => Base + _count;

    /// <summary>Term of the last entry.</summary>
    public Term LastTerm => _count == 0 ? BaseTerm : _entries[_head + _count - 1].Term;

    /// <summary>Last entry known to be committed.</summary>
    public LogIndex Commit { get; private set; }

    /// <summary>Last entry given to the state machine.</summary>
    public LogIndex Applied { get; private set; }

    /// <summary>Last entry handed out for writing.</summary>
    public LogIndex Issued { get; private set; }

    /// <summary>Last entry on this member's own disk.</summary>
    public LogIndex Durable { get; private set; }

    /// <summary>Memory held by entries: payload bytes and <see cref="EntryOverhead"/> for each.</summary>
    public long Bytes { get; private set; }

    /// <summary>Term at a position, or null where the log does not reach or no longer reaches.</summary>
    public Term? TermAt(LogIndex index) =>
        index == Base ? BaseTerm : index < Base || index > Last ? null : At(index).Term;

    /// <summary>Whether the log has this entry.</summary>
    public bool Matches(LogIndex index, Term term) => TermAt(index) == term;

    /// <summary>Whether a candidate's log is at least as complete as this one (Raft paper, section 5.4.1).</summary>
    public bool IsUpToDate(LogIndex last, Term lastTerm) => IsUpToDate(last, lastTerm, Last, LastTerm);

    /// <summary>Whether a log that ends at the first position is at least as complete as one that ends at the second.</summary>
    public static bool IsUpToDate(LogIndex last, Term lastTerm, LogIndex ownLast, Term ownLastTerm) => lastTerm > ownLastTerm || (lastTerm == ownLastTerm && last >= ownLast);

    /// <summary>
    /// The largest position not after <paramref name="index"/> whose term is not above <paramref name="term"/>: where two logs may
    /// still agree. One answer skips a whole term of conflicting entries.
    /// </summary>
    public (LogIndex Index, Term Term) FindConflict(LogIndex index, Term term)
    {
        var at = LogIndex.Min(index, Last);
        while (at > Base)
        {
            var here = At(at).Term;
            if (here <= term) return (at, here);
            at = at.Previous;
        }
        return (Base, BaseTerm);
    }

    /// <summary>The entries after <paramref name="after"/> within the bounds; at least one if there is one. Valid until the log changes.</summary>
    public ReadOnlySpan<Entry> After(LogIndex after, int maxEntries, long maxBytes)
    {
        if (after < Base) throw new RaftInvariantException($"Entries after {after} were asked for; the log begins after {Base}.");
        var from = (int)(after - Base);
        var available = Math.Min(_count - from, maxEntries);
        if (available <= 0) return [];
        long bytes = 0;
        var n = 0;
        while (n < available)
        {
            bytes += _entries[_head + from + n].Payload.Length;
            if (n > 0 && bytes > maxBytes) break;
            n++;
        }
        return _entries.AsSpan(_head + from, n);
    }

    /// <summary>Adds an entry at the end.</summary>
    public void Append(Term term, EntryType type, ReadOnlyMemory<byte> payload) => Add(new Entry(Last.Next, term, type, payload));

    /// <summary>The first of a leader's entries that contradicts a committed one of this log; null when none does.</summary>
    public LogIndex? CommittedConflict(ReadOnlySpan<Entry> entries)
    {
        for (var i = 0; i < entries.Length && entries[i].Index <= Commit; i++)
            if (TermAt(entries[i].Index) is { } present && present != entries[i].Term) return entries[i].Index;
        return null;
    }

    /// <summary>
    /// Takes a leader's entries after a matching position: keeps what agrees, truncates at the first conflict, adds the rest.
    /// An old or repeated message truncates nothing.
    /// </summary>
    /// <exception cref="RaftInvariantException">A committed entry conflicts.</exception>
    public void Merge(ReadOnlySpan<Entry> entries)
    {
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries[i];
            if (entry.Index <= Base) continue;
            if (TermAt(entry.Index) is { } present)
            {
                if (present == entry.Term) continue;
                if (entry.Index <= Commit)
                    throw new RaftInvariantException($"Entry {entry.Index} of term {entry.Term} conflicts with the committed one of term {present}.");
                TruncateFrom(entry.Index);
            }
            Add(entry);
        }
    }

    /// <summary>Moves the commit position forward.</summary>
    public void CommitTo(LogIndex index)
    {
        if (index <= Commit) return;
        if (index > Last) throw new RaftInvariantException($"Commit {index} lies beyond the last entry {Last}.");
        Commit = index;
    }

    /// <summary>
    /// Entries ready for the state machine: committed, and on this member's own disk, so that no state is ever ahead of the log
    /// that must be able to rebuild it.
    /// </summary>
    public ReadOnlySpan<Entry> Applicable(int maxEntries)
    {
        var until = LogIndex.Min(Commit, Durable);
        return until <= Applied ? [] : After(Applied, (int)Math.Min(until - Applied, maxEntries), long.MaxValue);
    }

    /// <summary>The state machine has taken everything up to here.</summary>
    public void AppliedTo(LogIndex index)
    {
        if (index < Applied || index > Commit) throw new RaftInvariantException($"Applied {index} is outside {Applied} to {Commit}.");
        Applied = index;
    }

    /// <summary>What has not been handed out for writing yet.</summary>
    public ReadOnlySpan<Entry> Unissued => After(Issued, int.MaxValue, long.MaxValue);

    /// <summary>Everything up to the last entry has been handed out as part of this write.</summary>
    public void IssuedAs(ulong seq)
    {
        Issued = Last;
        _writes.Enqueue(new Write { Seq = seq, Last = Last });
    }

    /// <summary>Writes up to this one are on disk.</summary>
    public void PersistedTo(ulong seq)
    {
        while (_writes.TryPeek(out var write) && write.Seq <= seq)
        {
            _writes.Dequeue();
            Durable = LogIndex.Max(Durable, write.Last);
        }
    }

    /// <summary>Forgets entries up to <paramref name="index"/>, which must have been applied.</summary>
    public void CompactTo(LogIndex index)
    {
        if (index <= Base) return;
        if (index > Applied) throw new RaftInvariantException($"Compaction to {index} passes the applied position {Applied}.");
        var n = (int)(index - Base);
        BaseTerm = At(index).Term;
        for (var i = 0; i < n; i++)
        {
            Bytes -= _entries[_head + i].Payload.Length + EntryOverhead;
            _entries[_head + i] = default;
        }
        _head += n;
        _count -= n;
        Base = index;
        if (_count == 0) _head = 0;
    }

    /// <summary>Starts over after an installed snapshot: everything up to it is committed, applied and durable.</summary>
    public void ResetTo(LogIndex index, Term term)
    {
        Array.Clear(_entries, _head, _count);
        _head = _count = 0;
        Bytes = 0;
        _writes.Clear();
        Base = Commit = Applied = Issued = Durable = index;
        BaseTerm = term;
    }

    private ref Entry At(LogIndex index) => ref _entries[_head + (int)(index - Base) - 1];

    private void Add(in Entry entry)
    {
        if (entry.Index != Last.Next) throw new RaftInvariantException($"Entry {entry.Index} cannot follow {Last}.");
        if (entry.Term < LastTerm) throw new RaftInvariantException($"Entry {entry.Index} of term {entry.Term} follows one of term {LastTerm}.");
        if (_head + _count == _entries.Length)
        {
            // Sliding down keeps the entries in one span; the array doubles only when it is really more than half full.
            var target = _count * 2 > _entries.Length ? new Entry[_entries.Length * 2] : _entries;
            Array.Copy(_entries, _head, target, 0, _count);
            if (ReferenceEquals(target, _entries)) Array.Clear(_entries, _count, _entries.Length - _count);
            _entries = target;
            _head = 0;
        }
        _entries[_head + _count++] = entry;
        Bytes += entry.Payload.Length + EntryOverhead;
    }

    private void TruncateFrom(LogIndex index)
    {
        var keep = (int)(index - Base) - 1;
        for (var i = keep; i < _count; i++)
        {
            Bytes -= _entries[_head + i].Payload.Length + EntryOverhead;
            _entries[_head + i] = default;
        }
        _count = keep;
        Issued = LogIndex.Min(Issued, Last);
        Durable = LogIndex.Min(Durable, Last);
        foreach (var write in _writes)
            write.Last = LogIndex.Min(write.Last, Last);
    }

    private sealed class Write
    {
        public required ulong Seq { get; init; }
        public required LogIndex Last { get; set; }
    }
}
