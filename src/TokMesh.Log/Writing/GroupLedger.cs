using TokMesh.Log.Format;

namespace TokMesh.Log.Writing;

/// <summary>
/// The state of every group as of a point in the log. The writer keeps one to restate it at the head of a segment and to
/// know which segments are needed; recovery builds it by reading. Both sides apply the same rules, so a log that would
/// not be recovered is not written in the first place.
/// </summary>
internal sealed class GroupLedger
{
    private readonly Dictionary<uint, GroupState> _groups = [];
    private readonly Dictionary<uint, byte[]> _notes = [];
    private GroupState? _recent;

    public IReadOnlyDictionary<uint, GroupState> Groups => _groups;

    /// <summary>What the owner noted about the node as a whole.</summary>
    public IReadOnlyDictionary<uint, byte[]> Notes => _notes;

    /// <summary>
    /// Takes one record of <paramref name="segment"/> in; returns what is wrong with it, or null. When replaying, a
    /// group's entries may begin above its base and its mark lie beyond them: what was between went with a deleted segment.
    /// </summary>
    public string? Apply(in Record record, uint segment, bool replaying)
    {
        if (record.Type == RecordType.GroupRemoved)
        {
            _recent = null;
            _groups.Remove(record.Group);
            return null;
        }
        if (record.Type == RecordType.Note)
        {
            if (record.Payload.IsEmpty) _notes.Remove(record.Group);
            else _notes[record.Group] = record.Payload.ToArray();
            return null;
        }
        var state = Of(record.Group);
        switch (record.Type)
        {
            case RecordType.Entry:
                return ApplyEntry(state, record.Index, segment, replaying);
            case RecordType.HardState:
                return ApplyHardState(state, record.Term, record.Vote);
            case RecordType.Mark:
                return ApplyMark(state, record.Index, record.Term, replaying);
            case RecordType.Reset:
                return ApplyReset(state, record.Index, record.Term);
            case RecordType.Commit:
                return ApplyCommit(state, record.Index, replaying);
            default:
                if (!state.Meta.AsSpan().SequenceEqual(record.Payload)) state.Meta = record.Payload.ToArray();
                return null;
        }
    }

    /// <summary>The oldest segment with an entry that counts, or <paramref name="current"/>.</summary>
    public uint OldestNeeded(uint current)
    {
        var oldest = current;
        foreach (var state in _groups.Values)
            if (state.Spans.Count > 0) oldest = Math.Min(oldest, state.Spans[0].Segment);
        return oldest;
    }

    /// <summary>Restates every group, in the order of their numbers.</summary>
    public void WriteCheckpoint(LogBatch batch)
    {
        var groups = new List<uint>(_groups.Keys);
        groups.Sort();
        foreach (var group in groups)
        {
            var state = _groups[group];
            batch.AppendGroupMeta(group, state.Meta);
            batch.AppendHardState(group, state.Term, state.Vote);
            // A reset is restated as a mark: it must not drop, when read again, the entries that followed it.
            batch.AppendMark(group, state.BaseIndex, state.BaseTerm);
            if (state.CommitIndex > state.BaseIndex) batch.AppendCommit(group, state.CommitIndex);
        }
        foreach ((var number, var note) in _notes.OrderBy(note => note.Key)) batch.AppendNote(number, note);
    }

    private static string? ApplyEntry(GroupState state, ulong index, uint segment, bool replaying)
    {
        if (index <= state.BaseIndex) return $"group {state.Group} has an entry at index {index}, but a snapshot covers it up to {state.BaseIndex}";
        var beginsAnywhere = replaying && state.LastIndex == state.BaseIndex;
        if (index > state.LastIndex + 1 && !beginsAnywhere) return $"group {state.Group} has an entry at index {index} after its last at {state.LastIndex}";
        if (index <= state.CommitIndex)
            return $"group {state.Group} supersedes its entry at index {index}, but is known to be committed up to {state.CommitIndex}";
        if (index <= state.LastIndex) state.Truncate(index);
        state.Extend(segment, index);
        state.LastIndex = index;
        return null;
    }

    private static string? ApplyHardState(GroupState state, ulong term, uint vote)
    {
        if (term < state.Term) return $"group {state.Group} goes back from term {state.Term} to {term}";
        if (term == state.Term && state.Vote != 0 && vote != state.Vote)
            return $"group {state.Group} changes its vote of term {term} from {state.Vote} to {vote}";
        state.Term = term;
        state.Vote = vote;
        return null;
    }

    private static string? ApplyMark(GroupState state, ulong index, ulong term, bool replaying)
    {
        if (index < state.BaseIndex) return null;
        if (index == state.BaseIndex) return term == state.BaseTerm ? null : $"group {state.Group} has two terms for its base at index {index}";
        if (index > state.LastIndex)
        {
            if (!replaying) return $"group {state.Group} is marked at index {index}, beyond its last entry at {state.LastIndex}";
            state.LastIndex = index;
        }
        state.BaseIndex = index;
        state.BaseTerm = term;
        state.DropPrefix(index);
        return null;
    }

    private static string? ApplyReset(GroupState state, ulong index, ulong term)
    {
        if (index < state.BaseIndex) return $"group {state.Group} is reset to index {index}, below its base at {state.BaseIndex}";
        if (index < state.CommitIndex) return $"group {state.Group} is reset to index {index}, but is known to be committed up to {state.CommitIndex}";
        state.BaseIndex = index;
        state.BaseTerm = term;
        state.LastIndex = index;
        state.Spans.Clear();
        return null;
    }

    // What is restated at the head of a segment may speak of entries whose mark or reset comes later in it.
    private static string? ApplyCommit(GroupState state, ulong index, bool replaying)
    {
        if (index > state.LastIndex && !replaying) return $"group {state.Group} is committed up to index {index}, beyond its last entry at {state.LastIndex}";
        state.CommitIndex = Math.Max(state.CommitIndex, index);
        return null;
    }

    private GroupState Of(uint group)
    {
        if (_recent is not null && _recent.Group == group) return _recent;
        if (!_groups.TryGetValue(group, out var state))
        {
            state = new GroupState(group);
            _groups.Add(group, state);
        }
        _recent = state;
        return state;
    }
}
