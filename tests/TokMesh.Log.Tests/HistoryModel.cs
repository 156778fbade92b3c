using TokMesh.Log.Recovery;
using TokMesh.Log.Snapshots;

namespace TokMesh.Log.Tests;

/// <summary>What the log should hold, kept in the most naive way.</summary>
internal sealed class HistoryModel
{
    public SortedDictionary<uint, ModelGroup> Groups { get; } = [];

    public SortedDictionary<uint, byte[]> Notes { get; } = [];

    public HistoryModel Clone()
    {
        var clone = new HistoryModel();
        foreach ((var number, var group) in Groups)
            clone.Groups.Add(number, group.Clone());
        foreach ((var number, var note) in Notes)
            clone.Notes.Add(number, note);
        return clone;
    }

    /// <summary>Why the recovered groups are not these, or null when they are.</summary>
    public string? Difference(LogRecovery recovery)
    {
        if (!Groups.Keys.SequenceEqual(recovery.Groups.Keys.Order()))
            return $"groups {string.Join(",", Groups.Keys)} became {string.Join(",", recovery.Groups.Keys.Order())}";
        foreach ((var number, var group) in Groups)
            if (group.Clone().Reconciled(recovery.Groups[number].Snapshot).Difference(recovery.Groups[number]) is { } difference)
                return $"group {number}: {difference}";
        foreach (var number in Notes.Keys.Concat(recovery.Notes.Keys))
            if (!(Notes.GetValueOrDefault(number) ?? []).AsSpan().SequenceEqual(recovery.Notes.GetValueOrDefault(number) ?? []))
                return $"note {number} differs";
        return null;
    }
}

internal sealed class ModelGroup
{
    public byte[] Meta { get; set; } = [];
    public ulong Term { get; set; }
    public uint Vote { get; set; }
    public ulong Base { get; set; }
    public ulong BaseTerm { get; set; }
    public ulong Commit { get; set; }
    public SortedDictionary<ulong, RecoveredEntry> Entries { get; init; } = [];

    public ulong Last => Entries.Count == 0 ? Base : Entries.Keys.Last();

    public ModelGroup Clone() => new()
    {
        Meta = Meta,
        Term = Term,
        Vote = Vote,
        Base = Base,
        BaseTerm = BaseTerm,
        Commit = Commit,
        Entries = new SortedDictionary<ulong, RecoveredEntry>(Entries),
    };

    public void Put(RecoveredEntry entry)
    {
        foreach (var index in Entries.Keys.Where(index => index >= entry.Index).ToList())
            Entries.Remove(index);
        Entries.Add(entry.Index, entry);
    }

    public void Mark(ulong index, ulong term)
    {
        foreach (var old in Entries.Keys.Where(old => old <= index).ToList())
            Entries.Remove(old);
        (Base, BaseTerm) = (index, term);
        Commit = Math.Max(Commit, index);
    }

    public void Reset(ulong index, ulong term)
    {
        Entries.Clear();
        (Base, BaseTerm) = (index, term);
        Commit = Math.Max(Commit, index);
    }

    public ModelGroup Reconciled(SnapshotInfo? snapshot)
    {
        if (snapshot is null || snapshot.Index <= Base)
            return this;
        if (Entries.TryGetValue(snapshot.Index, out var entry) && entry.Term == snapshot.Term)
            Mark(snapshot.Index, snapshot.Term);
        else
            Reset(snapshot.Index, snapshot.Term);
        if (Term < snapshot.Term)
            (Term, Vote) = (snapshot.Term, 0);
        return this;
    }

    public string? Difference(RecoveredGroup found)
    {
        if ((found.Term, found.Vote) != (Term, Vote))
            return $"hard state ({Term},{Vote}) became ({found.Term},{found.Vote})";
        if ((found.BaseIndex, found.BaseTerm) != (Base, BaseTerm))
            return $"base ({Base},{BaseTerm}) became ({found.BaseIndex},{found.BaseTerm})";
        if ((found.Snapshot?.Index ?? 0, found.Snapshot?.Term ?? 0) != (Base, BaseTerm))
            return $"base ({Base},{BaseTerm}) has snapshot {found.Snapshot}";
        if (found.CommitIndex != Commit)
            return $"commit position {Commit} became {found.CommitIndex}";
        if (!found.Meta.AsSpan().SequenceEqual(Meta))
            return "meta differs";
        if (found.Entries.Count != Entries.Count)
            return $"{Entries.Count} entries from {Base + 1} became {found.Entries.Count}";
        foreach ((var was, var became) in Entries.Values.Zip(found.Entries))
            if ((was.Index, was.Term, was.EntryType) != (became.Index, became.Term, became.EntryType) || !was.Payload.AsSpan().SequenceEqual(became.Payload))
                return $"entry {was.Index} differs";
        return null;
    }
}
