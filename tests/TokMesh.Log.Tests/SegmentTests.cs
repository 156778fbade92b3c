using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

public class SegmentTests
{
    private static readonly WriteAheadLogOptions Small = TestLog.Options(segmentBytes: 1024);

    /// <summary>A disk with this many segments, all full of entries of group 1 but the last, which holds one.</summary>
    internal static VirtualDisk WithSegments(int count, WriteAheadLogOptions options, out ulong last)
    {
        var disk = new VirtualDisk();
        using var log = TestLog.Open(disk, options);
        log.Commit(batch => batch.AppendGroupMeta(1, [1]));
        for (last = 1; ; last++)
        {
            log.CommitEntry(1, last);
            if (log.LiveSegmentCount == count)
                return disk;
        }
    }

    [Fact]
    public void A_segment_goes_when_all_groups_are_past_it_and_not_before()
    {
        var disk = new VirtualDisk();
        var snapshots = TestLog.Snapshots(disk);
        var log = TestLog.Open(disk, Small);
        log.CommitEntry(1, 1);
        log.CommitEntry(2, 1);
        for (ulong index = 2; log.LiveSegmentCount < 3; index++)
            log.CommitEntry(1, index);
        Assert.Equal([1u, 2u], log.GroupsHoldingOldestSegment());

        var last = TestLog.Recover(disk, Small).Indexes(1)[^1];
        log = TestLog.Open(disk, Small);
        Assert.Equal([1u, 2u], log.GroupsHoldingOldestSegment());
        snapshots.Write(1, last - 1, 1, [], [1]);
        log.Commit(batch => batch.AppendMark(1, last - 1, 1));
        log.DeleteObsoleteSegments();
        Assert.Equal(3, log.LiveSegmentCount);
        Assert.Equal([2u], log.GroupsHoldingOldestSegment());

        snapshots.Write(2, 1, 1, [], [1]);
        log.Commit(batch => batch.AppendMark(2, 1, 1));
        Assert.Empty(log.GroupsHoldingOldestSegment());
        Assert.Equal(3, log.LiveSegmentCount);
        log.DeleteObsoleteSegments();
        Assert.True(log.LiveSegmentCount < 3);
        Assert.DoesNotContain("wal-00000001.log", disk.List());
        disk.Crash();
        var recovery = TestLog.Recover(disk, Small);
        Assert.Equal([last], recovery.Indexes(1));
        Assert.Empty(recovery.Indexes(2));
    }

    [Fact]
    public void A_mark_that_is_not_flushed_is_flushed_before_a_segment_goes()
    {
        var disk = WithSegments(2, Small, out var last);
        TestLog.Snapshots(disk).Write(1, last, 1, [], [1]);
        var log = TestLog.Open(disk, TestLog.Options(segmentBytes: 1024, seed: 5));
        var batch = new LogBatch();
        batch.AppendHardState(1, 9, 2);
        log.Append(batch);
        log.DeleteObsoleteSegments();
        Assert.Equal(1, log.LiveSegmentCount);
        disk.Crash();

        Assert.Equal((9ul, 2u), (TestLog.Recover(disk, Small).Groups[1].Term, TestLog.Recover(disk, Small).Groups[1].Vote));
    }

    [Fact]
    public void A_hard_state_and_meta_in_a_deleted_segment_are_restated_by_the_next()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk, Small);
        log.Commit(batch =>
        {
            batch.AppendGroupMeta(5, [5, 5]);
            batch.AppendHardState(5, 77, 3);
        });
        for (ulong index = 1; log.LiveSegmentCount < 4; index++)
            log.CommitEntry(1, index);
        var last = TestLog.Recover(disk, Small).Indexes(1)[^1];
        TestLog.Snapshots(disk).Write(1, last, 1, [], []);
        log = TestLog.Open(disk, Small);
        log.DeleteObsoleteSegments();
        Assert.Equal(1, log.LiveSegmentCount);
        disk.Crash();

        var group = TestLog.Recover(disk, Small).Groups[5];

        Assert.Equal((77ul, 3u), (group.Term, group.Vote));
        Assert.Equal([5, 5], group.Meta);
    }

    [Fact]
    public void Superseded_entries_do_not_hold_a_segment()
    {
        var disk = WithSegments(2, Small, out var last);
        var log = TestLog.Open(disk, Small);
        // The whole history is replaced from index 1 on, in the second segment; nobody needs the first any more.
        log.CommitEntry(1, 1, term: 2);
        Assert.Empty(log.GroupsHoldingOldestSegment());
        log.DeleteObsoleteSegments();
        disk.Crash();

        var recovery = TestLog.Recover(disk, Small);

        Assert.Equal([1ul], recovery.Indexes(1));
        Assert.Equal(2ul, recovery.Groups[1].Entries[0].Term);
        Assert.True(last > 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_removed_or_reset_group_does_not_hold_a_segment(bool isReset)
    {
        var disk = WithSegments(3, Small, out var last);
        var log = TestLog.Open(disk, Small);
        if (isReset)
            TestLog.Snapshots(disk).Write(1, last + 10, 4, [], []);
        log.Commit(batch =>
        {
            if (isReset)
                batch.AppendReset(1, last + 10, 4);
            else
                batch.AppendGroupRemoved(1);
        });
        log.DeleteObsoleteSegments();

        Assert.Equal(1, log.LiveSegmentCount);
        disk.Crash();
        var recovery = TestLog.Recover(disk, Small);
        Assert.Equal(isReset, recovery.Groups.ContainsKey(1));
    }

    [Fact]
    public void Deletes_that_a_crash_undoes_leave_no_hole()
    {
        for (ulong survival = 0; survival < 60; survival++)
        {
            var disk = WithSegments(6, Small, out var last);
            TestLog.Snapshots(disk).Write(1, last, 1, [], []);
            var log = TestLog.Open(disk, Small);
            disk.CutPowerAt(disk.Operations + 1 + (long)survival % 12);
            try
            {
                log.DeleteObsoleteSegments();
            }
            catch (SimulatedPowerCut)
            {
            }
            disk.CutPowerAt(0);
            disk.Crash(survival);

            Assert.Equal(last, TestLog.Recover(disk, Small).Groups[1].BaseIndex);
        }
    }

    [Fact]
    public void A_segment_is_durable_by_content_and_name_before_it_is_used()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk, Small);
        var trace = new List<VirtualDiskOperation>();
        disk.Trace = trace;
        for (ulong index = 1; log.LiveSegmentCount < 2; index++)
            log.CommitEntry(1, index);

        var created = trace.FindIndex(operation => operation.Kind == VirtualDiskOperationKind.Create);
        Assert.Equal(
            [VirtualDiskOperationKind.Create, VirtualDiskOperationKind.Write, VirtualDiskOperationKind.Sync, VirtualDiskOperationKind.SyncDirectory, VirtualDiskOperationKind.Write, VirtualDiskOperationKind.Sync],
            trace.Skip(created).Select(operation => operation.Kind));
        Assert.Equal(1024, trace[created].Bytes);
    }
}
