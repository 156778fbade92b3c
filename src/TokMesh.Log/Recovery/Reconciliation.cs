using TokMesh.Log.Disks;
using TokMesh.Log.Format;
using TokMesh.Log.Snapshots;
using TokMesh.Log.Writing;

namespace TokMesh.Log.Recovery;

/// <summary>
/// Brings each group's log and newest snapshot together. A snapshot is made durable first and told to the log after, so a
/// crash between the two leaves a snapshot that the log does not know:
/// <code>
/// snapshot (X, T), log with base B      then
/// B = X                                 the log knows: nothing to do
/// B > X, or B > 0 without a snapshot    the log's beginning is gone: damage
/// B &lt; X, the log has entry (X, T)       the snapshot is of this very history: drop entries up to X
/// B &lt; X, it has not                     the snapshot was installed over this log: drop all entries, go on from X
/// </code>
/// In the last case entries after X may exist with another history (their entry at X has another term) and must go.
/// </summary>
internal sealed class Reconciliation
{
    private readonly Dictionary<uint, RecoveredGroup> _groups;

    private Reconciliation(Dictionary<uint, RecoveredGroup> groups) => _groups = groups;

    public IReadOnlyDictionary<uint, RecoveredGroup> Groups => _groups;

    /// <summary>What the log must be told so that it, too, knows what was concluded here.</summary>
    public LogBatch Conclusions { get; } = new();

    /// <summary>Snapshots of groups that do not live here: a crash came between a group's removal and theirs.</summary>
    public List<string> OrphanedSnapshots { get; } = [];

    /// <summary>Reads what it needs of <paramref name="disk"/>, changing nothing.</summary>
    /// <exception cref="LogDamagedException">A snapshot that a log starts from is missing or damaged.</exception>
    /// <exception cref="LogUnreadableException">A snapshot cannot be read with this key or version.</exception>
    public static Reconciliation Of(IDisk disk, byte[]? key, LogScan scan)
    {
        var reconciliation = new Reconciliation(scan.Replay.Complete(scan.Segments.LastOrDefault()));
        var snapshots = reconciliation.SortSnapshots(disk.List());
        var groups = new List<uint>(reconciliation._groups.Keys);
        groups.Sort();
        foreach (var group in groups)
        {
            var recovered = reconciliation._groups[group];
            var names = snapshots.GetValueOrDefault(group) ?? [];
            names.Sort(SnapshotName.NewestFirst);
            var newest = SnapshotSearch.Newest(disk, key, names, recovered.BaseIndex, out var damage);
            reconciliation.Reconcile(recovered, newest, damage);
        }
        return reconciliation;
    }

    private Dictionary<uint, List<SnapshotName>> SortSnapshots(IReadOnlyList<string> files)
    {
        var snapshots = new Dictionary<uint, List<SnapshotName>>();
        foreach (var file in files)
        {
            if (!SnapshotName.TryParse(file, out var name)) continue;
            if (!_groups.ContainsKey(name.Group)) OrphanedSnapshots.Add(file);
            else if (snapshots.TryGetValue(name.Group, out var names)) names.Add(name);
            else snapshots.Add(name.Group, [name]);
        }
        return snapshots;
    }

    private void Reconcile(RecoveredGroup group, SnapshotInfo? newest, SnapshotDamagedException? damage)
    {
        if (newest is null)
        {
            if (group.BaseIndex > 0) throw Missing(group, damage);
            return;
        }
        group.Snapshot = newest;
        if (newest.Index == group.BaseIndex)
        {
            if (newest.Term != group.BaseTerm) throw Missing(group, damage);
            return;
        }
        if (TermAt(group, newest.Index) == newest.Term)
        {
            group.Entries.RemoveRange(0, (int)(newest.Index - group.BaseIndex));
            Conclusions.AppendMark(group.Group, newest.Index, newest.Term);
        }
        else
        {
            // A leader's snapshot is taken only beyond what is known to be committed here.
            if (newest.Index < group.CommitIndex)
                throw new LogDamagedException(
                    new SnapshotName(group.Group, newest.Index, newest.Term).FileName, 0,
                    $"this snapshot is not of the history that the log of group {group.Group} knows to be committed up to {group.CommitIndex}");
            group.Entries.Clear();
            Conclusions.AppendReset(group.Group, newest.Index, newest.Term);
        }
        group.BaseIndex = newest.Index;
        group.BaseTerm = newest.Term;
        group.CommitIndex = Math.Max(group.CommitIndex, newest.Index);
        AdvanceTerm(group);
    }

    // The term that came with an installed snapshot may not have reached the disk. A node that had voted in that term would
    // have it on disk, so it is safe to be in it without a vote.
    private void AdvanceTerm(RecoveredGroup group)
    {
        if (group.Term >= group.BaseTerm) return;
        group.Term = group.BaseTerm;
        group.Vote = 0;
        Conclusions.AppendHardState(group.Group, group.Term, group.Vote);
    }

    private static ulong? TermAt(RecoveredGroup group, ulong index)
    {
        var position = index - group.BaseIndex - 1;
        return position < (ulong)group.Entries.Count ? group.Entries[(int)position].Term : null;
    }

    private static LogDamagedException Missing(RecoveredGroup group, SnapshotDamagedException? damage) => damage is null
        ? new LogDamagedException(
            new SnapshotName(group.Group, group.BaseIndex, group.BaseTerm).FileName, 0,
            $"the log of group {group.Group} goes on from this snapshot, and it is missing")
        : new LogDamagedException(
            damage.File, damage.Offset, $"the log of group {group.Group} needs this snapshot, and it is broken");
}
