using System.Text;
using TokMesh.Log.Recovery;
using TokMesh.Log.Snapshots;
using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

/// <summary>
/// A random life of a log and its snapshots on a virtual disk, beside a model. After a crash the disk must hold what the
/// model held after some batch at or after the last one flushed.
/// </summary>
internal sealed class History(VirtualDisk disk, ulong seed, bool isEncrypted, long segmentBytes)
{
    private const uint Groups = 4;

    private readonly SeededRandom _random = new(seed);
    private readonly LogBatch _batch = new();
    private readonly Dictionary<uint, ulong> _snapshots = [];
    private List<HistoryModel> _states = [new()];
    private int _flushed;
    private WriteAheadLog? _log;
    private SnapshotStore? _store;

    /// <summary>How many segments there were at most: a history that never rolls proves little.</summary>
    public long MostSegments { get; private set; }

    public void Open()
    {
        var recovery = Reopen();
        var found = -1;
        string? difference = null;
        for (var i = _states.Count - 1; i >= _flushed && found < 0; i--)
        {
            var current = _states[i].Difference(recovery);
            difference ??= current;
            if (current is null)
                found = i;
        }
        Assert.True(found >= 0, $"Seed {seed}: none of the states {_flushed}..{_states.Count - 1} was recovered; the last differs in: {difference}");
        CheckSnapshots(recovery);

        // What recovery hands out is durable: power may go again at once.
        disk.Crash();
        var again = Reopen();
        Assert.Null(again.TornTail);
        Assert.Null(_states[found].Difference(again));

        var start = _states[found].Clone();
        foreach ((var number, var group) in start.Groups)
            group.Reconciled(again.Groups[number].Snapshot);
        _states = [start];
        _flushed = 0;
    }

    public void Run(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            Step();
            MostSegments = Math.Max(MostSegments, _log!.LiveSegmentCount);
        }
        Flush();
    }

    private void Step()
    {
        var number = (uint)_random.Below((int)Groups) + 1;
        var choice = _random.Below(100);
        var group = _states[^1].Groups.GetValueOrDefault(number);
        if (choice < 8)
            _log!.DeleteObsoleteSegments();
        else if (choice < 18 && group is { Entries.Count: > 0 })
            TakeSnapshot(number, group);
        else if (choice < 24 && group is not null)
            InstallSnapshot(number, group);
        else if (choice < 26 && group is not null)
            RemoveGroup(number);
        else
            AppendRandomBatch();
        // DeleteObsoleteSegments flushes too.
        if (choice < 8)
            _flushed = _states.Count - 1;
        else if (_random.Below(2) == 0)
            Flush();
    }

    private void AppendRandomBatch()
    {
        var next = _states[^1].Clone();
        var records = _random.Below(4) + 1;
        for (var i = 0; i < records; i++)
        {
            var number = (uint)_random.Below((int)Groups) + 1;
            if (!next.Groups.TryGetValue(number, out var group))
            {
                next.Groups.Add(number, group = new ModelGroup { Meta = RandomBytes(20) });
                _batch.AppendGroupMeta(number, group.Meta);
            }
            AppendRandomRecord(number, group);
        }
        if (_random.Below(8) == 0)
        {
            var note = (uint)_random.Below(3);
            next.Notes[note] = RandomBytes(30);
            _batch.AppendNote(note, next.Notes[note]);
        }
        Append(next);
    }

    private void AppendRandomRecord(uint number, ModelGroup group)
    {
        var choice = _random.Below(12);
        if (choice == 10)
        {
            // An older position may be told after a newer one: it changes nothing.
            var commit = group.Base + (ulong)_random.Below((int)(group.Last - group.Base) + 1);
            group.Commit = Math.Max(group.Commit, commit);
            _batch.AppendCommit(number, commit);
        }
        else if (choice == 0)
        {
            (group.Term, group.Vote) = (group.Term + 1, (uint)_random.Below(4));
            _batch.AppendHardState(number, group.Term, group.Vote);
        }
        else if (choice == 1)
        {
            group.Meta = RandomBytes(20);
            _batch.AppendGroupMeta(number, group.Meta);
        }
        else
        {
            var index = group.Last + 1;
            if (choice is 2 or 11 && group.Entries.Count > 0)
                index = Math.Max(index - (ulong)_random.Below(group.Entries.Count) - 1, group.Commit + 1);
            var entry = new RecoveredEntry(index, Math.Max(group.Term, 1), (byte)_random.Below(3), RandomBytes(90));
            group.Put(entry);
            _batch.AppendEntry(number, entry.Index, entry.Term, entry.EntryType, entry.Payload);
        }
    }

    private void TakeSnapshot(uint number, ModelGroup group)
    {
        Flush();
        var at = group.Entries.Values.ElementAt(_random.Below(group.Entries.Count));
        WriteSnapshot(number, at.Index, at.Term);
        if (_random.NextBool())
            _store!.DeleteOlderThan(number, at.Index);
        var next = _states[^1].Clone();
        next.Groups[number].Mark(at.Index, at.Term);
        _batch.AppendMark(number, at.Index, at.Term);
        Append(next);
    }

    private void InstallSnapshot(uint number, ModelGroup group)
    {
        // A leader's snapshot is taken only beyond what is known to be committed.
        var index = Math.Max(group.Base + (ulong)_random.Below(group.Entries.Count + 4) + 1, group.Commit + 1);
        var term = group.Term + 1;
        WriteSnapshot(number, index, term);
        var next = _states[^1].Clone();
        next.Groups[number].Reset(index, term);
        (next.Groups[number].Term, next.Groups[number].Vote) = (term, 0);
        _batch.AppendHardState(number, term, 0);
        _batch.AppendReset(number, index, term);
        Append(next);
        Flush();
        _store!.DeleteOlderThan(number, index);
    }

    private void RemoveGroup(uint number)
    {
        _snapshots.Remove(number);
        var next = _states[^1].Clone();
        next.Groups.Remove(number);
        _batch.AppendGroupRemoved(number);
        Append(next);
        Flush();
        _store!.DeleteOlderThan(number, ulong.MaxValue);
    }

    private void WriteSnapshot(uint number, ulong index, ulong term)
    {
        _store!.Write(number, index, term, SnapshotMeta(number, index), SnapshotBody(number, index, term));
        _snapshots[number] = index;
    }

    private void Append(HistoryModel next)
    {
        // Before the call: power may go inside it only in Flush, but the state is a candidate from here on.
        _states.Add(next);
        _log!.Append(_batch);
        _batch.Reset();
    }

    private void Flush()
    {
        _log!.Flush();
        _flushed = _states.Count - 1;
    }

    private LogRecovery Reopen()
    {
        _batch.Reset();
        _log = WriteAheadLog.Open(disk, TestLog.Options(segmentBytes, isEncrypted, _random.Next()), out var recovery);
        _store = TestLog.Snapshots(disk, isEncrypted, seed: _random.Next());
        return recovery;
    }

    private void CheckSnapshots(LogRecovery recovery)
    {
        foreach ((var number, var group) in recovery.Groups)
        {
            if (group.Snapshot is { } snapshot)
            {
                Assert.Equal(SnapshotMeta(number, snapshot.Index), _store!.ReadMeta(snapshot));
                Assert.Equal(SnapshotBody(number, snapshot.Index, snapshot.Term), _store.ReadBody(snapshot));
            }
            if (_snapshots.TryGetValue(number, out var written))
                Assert.True(group.Snapshot?.Index >= written, $"Seed {seed}: snapshot {written} of group {number} was lost.");
        }
        _snapshots.Clear();
        foreach (var group in recovery.Groups.Values)
            if (group.Snapshot is { } snapshot)
                _snapshots[group.Group] = snapshot.Index;
    }

    private static byte[] SnapshotMeta(uint number, ulong index) => Encoding.UTF8.GetBytes($"meta {number}/{index}");

    private static byte[] SnapshotBody(uint number, ulong index, ulong term) =>
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat($"body {number}/{index}/{term} ", (int)(index % 20))));

    private byte[] RandomBytes(int bound)
    {
        var bytes = new byte[_random.Below(bound)];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)_random.Next();
        return bytes;
    }
}
