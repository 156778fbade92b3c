using TokMesh.Log.Format;
using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

/// <summary>What the log is told to be committed, it holds its owner and its own files to.</summary>
public class CommitTests
{
    private static readonly WriteAheadLogOptions Small = TestLog.Options(segmentBytes: 1024);

    [Fact]
    public void A_commit_position_survives_a_crash_and_never_falls()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk);
        log.CommitEntry(1, 1);
        log.CommitEntry(1, 2);
        log.Commit(batch => batch.AppendCommit(1, 2));
        log.Commit(batch => batch.AppendCommit(1, 1));
        log.CommitEntry(1, 3);
        disk.Crash();

        Assert.Equal(2ul, TestLog.Recover(disk).Groups[1].CommitIndex);
    }

    [Fact]
    public void A_commit_position_is_restated_when_its_segment_goes()
    {
        var disk = SegmentTests.WithSegments(2, Small, out var last);
        var log = TestLog.Open(disk, Small);
        TestLog.Snapshots(disk).Write(1, last - 1, 1, [], [1]);
        log.CommitEntry(1, last + 1);
        log.Commit(batch =>
        {
            batch.AppendMark(1, last - 1, 1);
            batch.AppendCommit(1, last + 1);
        });
        for (var index = last + 2; log.LiveSegmentCount < 4; index++)
            log.CommitEntry(1, index);
        log.DeleteObsoleteSegments();
        disk.Crash();

        Assert.Equal(last + 1, TestLog.Recover(disk, Small).Groups[1].CommitIndex);
    }

    [Fact]
    public void What_is_known_to_be_committed_is_not_superseded()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk);
        log.CommitEntry(1, 1);
        log.CommitEntry(1, 2);
        log.Commit(batch => batch.AppendCommit(1, 1));
        log.CommitEntry(1, 2, term: 2);

        var broken = Assert.Throws<InvalidOperationException>(() => log.CommitEntry(1, 1, term: 2));

        Assert.Contains("known to be committed up to 1", broken.Message);
        disk.Crash();
        Assert.Equal([1ul, 2ul], TestLog.Recover(disk).Groups[1].Entries.Select(e => e.Term));
    }

    [Fact]
    public void A_snapshot_below_what_is_known_to_be_committed_is_not_installed()
    {
        var log = TestLog.Open(new VirtualDisk());
        log.CommitEntry(1, 1);
        log.CommitEntry(1, 2);
        log.Commit(batch => batch.AppendCommit(1, 2));

        Assert.Contains("reset to index 1", Assert.Throws<InvalidOperationException>(() => log.Commit(batch => batch.AppendReset(1, 1, 2))).Message);
    }

    [Fact]
    public void A_commit_position_beyond_the_last_entry_is_refused()
    {
        var log = TestLog.Open(new VirtualDisk());
        log.CommitEntry(1, 1);

        Assert.Contains("beyond its last entry at 1", Assert.Throws<InvalidOperationException>(() => log.Commit(batch => batch.AppendCommit(1, 2))).Message);
    }

    /// <summary>A file-system check that drops the newest file, or a copy that was broken off.</summary>
    [Fact]
    public void A_newest_segment_that_lacks_committed_entries_is_damage()
    {
        // The first commit of a segment restates what the group is committed to; the entries it speaks of are in the segment before.
        var disk = SegmentTests.WithSegments(1, Small, out var last);
        var log = TestLog.Open(disk, Small);
        for (var index = last + 1; log.LiveSegmentCount < 3; index++)
            log.Commit(batch =>
            {
                batch.AppendEntry(1, index, 1, 1, TestLog.Payload(index));
                batch.AppendCommit(1, index);
            });
        disk.Delete("wal-00000001.log");
        disk.Delete("wal-00000002.log");
        disk.SyncDirectory();
        var before = disk.Contents();

        var damage = Assert.Throws<LogDamagedException>(() => TestLog.Recover(disk, Small));

        Assert.Contains("missing", damage.Message);
        disk.AssertUnchanged(before);
    }

    [Fact]
    public void Notes_are_handed_back_the_latest_of_each_and_removed_when_empty()
    {
        var disk = SegmentTests.WithSegments(1, Small, out var last);
        var log = TestLog.Open(disk, Small);
        log.Commit(batch =>
        {
            batch.AppendNote(0, [1]);
            batch.AppendNote(7, [7, 7]);
            batch.AppendNote(8, [8]);
        });
        log.Commit(batch => batch.AppendNote(0, [2]));
        log.Commit(batch => batch.AppendNote(8, []));
        for (var index = last + 1; log.LiveSegmentCount < 3; index++)
            log.CommitEntry(1, index);
        TestLog.Snapshots(disk).Write(1, last + 1, 1, [], [1]);
        log.Commit(batch => batch.AppendMark(1, last + 1, 1));
        log.DeleteObsoleteSegments();
        disk.Crash();

        var recovery = TestLog.Recover(disk, Small);

        Assert.Equal([0u, 7u], recovery.Notes.Keys.Order());
        Assert.Equal([2], recovery.Notes[0]);
        Assert.Equal([7, 7], recovery.Notes[7]);
        Assert.DoesNotContain(0u, recovery.Groups.Keys);
    }

    [Fact]
    public void Every_write_has_the_number_after_the_one_before_it_also_over_restarts()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk, out var first);
        Assert.Equal((0ul, 0u), (first.Sequence, first.NewestSegment));
        log.CommitEntry(1, 1);
        log.CommitEntry(1, 2);
        var told = log.Sequence;
        disk.Crash();

        var recovery = TestLog.Recover(disk);

        Assert.Equal((told, 1u), (recovery.Sequence, recovery.NewestSegment));
    }

    [Fact]
    public void What_the_owner_finds_wrong_stops_the_opening_before_anything_is_changed()
    {
        var disk = new VirtualDisk();
        TestLog.Open(disk).CommitEntry(1, 1);
        disk.Crash(seed: 3);
        var before = disk.Contents();
        var options = new WriteAheadLogOptions { Key = TestLog.Key, FillRandom = TestLog.Random() };

        Assert.Equal("write 2", Assert.Throws<NotSupportedException>(
            () => WriteAheadLog.Open(disk, options, out _, static found => throw new NotSupportedException($"write {found.Sequence}"))).Message);

        disk.AssertUnchanged(before);
    }
}
