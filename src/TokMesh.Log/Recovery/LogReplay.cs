using TokMesh.Log.Format;
using TokMesh.Log.Writing;

namespace TokMesh.Log.Recovery;

/// <summary>Rebuilds groups and their entries from records in the order they were written.</summary>
internal sealed class LogReplay
{
    private readonly Dictionary<uint, ReplayedEntries> _entries = [];

    public GroupLedger Ledger { get; } = new();

    /// <summary>Takes one frame's records in.</summary>
    /// <exception cref="LogDamagedException">They are no records, or contradict what came before.</exception>
    public void Apply(ReadOnlySpan<byte> records, uint segment, long offset)
    {
        var reader = new RecordReader(records);
        while (reader.TryRead(out var record))
        {
            if (Ledger.Apply(record, segment, replaying: true) is { } violation) throw new LogDamagedException(SegmentName.Of(segment), offset, violation);
            ApplyToEntries(record, segment, offset);
        }
        if (reader.IsMalformed) throw new LogDamagedException(SegmentName.Of(segment), offset, "it holds a record that is none");
    }

    /// <summary>Hands the groups out, after all frames were applied.</summary>
    /// <param name="end">The segment in which the log ends; null for a new log.</param>
    /// <exception cref="LogDamagedException">A group's entries do not begin right after its base, or end before what is known to be committed.</exception>
    public Dictionary<uint, RecoveredGroup> Complete(SegmentExtent? end)
    {
        var groups = new Dictionary<uint, RecoveredGroup>(Ledger.Groups.Count);
        foreach (var state in Ledger.Groups.Values)
        {
            if (end is not null && state.CommitIndex > state.LastIndex)
                throw new LogDamagedException(
                    SegmentName.Of(end.Number),
                    end.WrittenBytes,
                    $"group {state.Group} is known to be committed up to {state.CommitIndex}, but its entries end at {state.LastIndex}");
            if (!_entries.TryGetValue(state.Group, out var replayed))
            {
                groups.Add(state.Group, new RecoveredGroup(state, []));
                continue;
            }
            // A later mark may cover the gap before entries whose predecessors went with a deleted segment, so this can be
            // judged only now.
            if (replayed.List.Count > 0 && replayed.List[0].Index != state.BaseIndex + 1)
                throw new LogDamagedException(
                    SegmentName.Of(replayed.FirstSegment),
                    replayed.FirstOffset,
                    $"group {state.Group} has an entry at index {replayed.List[0].Index}, but those after its base at {state.BaseIndex} are missing");
            groups.Add(state.Group, new RecoveredGroup(state, replayed.List));
        }
        return groups;
    }

    private void ApplyToEntries(in Record record, uint segment, long offset)
    {
        switch (record.Type)
        {
            case RecordType.Entry:
                if (!_entries.TryGetValue(record.Group, out var replayed)) _entries.Add(record.Group, replayed = new ReplayedEntries());
                replayed.Add(new RecoveredEntry(record.Index, record.Term, record.EntryType, record.Payload.ToArray()), segment, offset);
                break;
            case RecordType.Mark:
                if (_entries.TryGetValue(record.Group, out var marked)) marked.DropPrefix(record.Index);
                break;
            case RecordType.Reset or RecordType.GroupRemoved:
                _entries.Remove(record.Group);
                break;
        }
    }
}
