using TokMesh.Log.Recovery;
using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

/// <summary>A crash leaves the last write unfinished. That is no damage: it was never acknowledged.</summary>
public class TornTailTests
{
    private const string Segment = "wal-00000001.log";
    private const int Frames = 6;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_log_that_ends_at_any_byte_recovers_its_longest_whole_part(bool isEncrypted)
    {
        var ends = FrameEnds(isEncrypted);
        for (var length = ends[^4]; length <= ends[^1]; length++)
        {
            var disk = Written(isEncrypted);
            disk.Shorten(Segment, length);
            CheckPrefix(disk, isEncrypted, ends, length);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_log_that_is_garbage_from_any_byte_on_recovers_its_longest_whole_part(bool isEncrypted)
    {
        var ends = FrameEnds(isEncrypted);
        for (var good = ends[^4]; good < ends[^1]; good++)
        {
            var disk = Written(isEncrypted);
            var garbage = new byte[ends[^1] - good + 100];
            TestLog.Random((ulong)good)(garbage);
            garbage[0] = (byte)(disk.ReadAll(Segment)[good] ^ 0x40);
            disk.Damage(Segment, good, garbage);
            CheckPrefix(disk, isEncrypted, ends, good);
        }
    }

    [Fact]
    public void A_cut_tail_is_zeroed_and_synced_before_anything_is_appended()
    {
        var ends = FrameEnds(isEncrypted: true);
        var disk = Written(isEncrypted: true);
        disk.Damage(Segment, ends[^1], [1, 2, 3, 0, 0, 4]);

        using var log = TestLog.Open(disk, out var recovery);

        Assert.Equal(new TornTail(Segment, ends[^1], 6), recovery.TornTail);
        disk.Crash();
        Assert.Equal(-1, disk.ReadAll(Segment).AsSpan((int)ends[^1]).IndexOfAnyExcept((byte)0));
        Assert.Null(TestLog.Recover(disk).TornTail);
    }

    [Fact]
    public void What_a_killed_process_left_in_memory_is_durable_once_it_was_recovered()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk);
        log.CommitEntry(1, 1);
        var batch = new LogBatch();
        batch.AppendEntry(1, 2, 1, 0, [1]);
        log.Append(batch);
        disk.CutPowerAt(disk.Operations + 2);
        Assert.Throws<SimulatedPowerCut>(log.Flush);
        disk.KillProcess();
        Assert.Equal([1ul, 2ul], TestLog.Recover(disk).Indexes(1));

        disk.Crash();

        Assert.Equal([1ul, 2ul], TestLog.Recover(disk).Indexes(1));
    }

    [Fact]
    public void A_payload_that_looks_like_a_frame_does_not_turn_a_torn_tail_into_damage()
    {
        // Without encryption a client's bytes stand in the log as they are: it may store a copy of a log.
        var options = TestLog.Options(isEncrypted: false);
        VirtualDisk other = new();
        using (var log = TestLog.Open(other, TestLog.Options(isEncrypted: false, seed: 77)))
            for (ulong index = 1; index <= 9; index++)
                log.CommitEntry(1, index);
        var frames = other.ReadAll(Segment)[..1000];
        var disk = new VirtualDisk();
        using (var log = TestLog.Open(disk, options))
        {
            log.CommitEntry(1, 1);
            log.Commit(batch => batch.AppendEntry(1, 2, 1, 0, frames));
        }
        long end = disk.ReadAll(Segment).AsSpan().LastIndexOfAnyExcept((byte)0);
        disk.FlipBit(Segment, end, 0);

        var recovery = TestLog.Recover(disk, options);

        Assert.Equal([1ul], recovery.Indexes(1));
        Assert.NotNull(recovery.TornTail);
    }

    [Fact]
    public void A_segment_that_a_crash_left_half_made_is_removed()
    {
        var options = TestLog.Options(segmentBytes: 1024);
        foreach (var written in new[] { 0, 1, 40, 64, 80, 150 })
        {
            var disk = SegmentTests.WithSegments(3, options, out var last);
            disk.Damage("wal-00000003.log", written, new byte[1024 - written]);

            using var log = TestLog.Open(disk, out var recovery, options);

            Assert.Equal(2, log.LiveSegmentCount);
            Assert.DoesNotContain("wal-00000003.log", disk.List());
            Assert.True(recovery.Indexes(1).Count > 0 && recovery.Indexes(1)[^1] < last);
        }
    }

    private static VirtualDisk Written(bool isEncrypted)
    {
        var disk = new VirtualDisk();
        using var log = TestLog.Open(disk, TestLog.Options(isEncrypted: isEncrypted));
        for (ulong index = 1; index <= Frames; index++)
            log.CommitEntry(1, index);
        return disk;
    }

    // Where each frame ends: first the checkpoint, then one per entry.
    private static List<long> FrameEnds(bool isEncrypted)
    {
        var disk = new VirtualDisk();
        using var log = TestLog.Open(disk, TestLog.Options(isEncrypted: isEncrypted));
        var ends = new List<long> { log.SizeBytes };
        for (ulong index = 1; index <= Frames; index++)
        {
            log.CommitEntry(1, index);
            ends.Add(log.SizeBytes);
        }
        return ends;
    }

    private static void CheckPrefix(VirtualDisk disk, bool isEncrypted, List<long> ends, long good)
    {
        var whole = ends.Count(end => end <= good) - 1;
        using var log = TestLog.Open(disk, out var recovery, TestLog.Options(isEncrypted: isEncrypted));
        Assert.Equal(Enumerable.Range(1, whole).Select(index => (ulong)index), recovery.Indexes(1));
        if (recovery.TornTail is { } torn)
            Assert.Equal((Segment, ends[whole]), (torn.File, torn.Offset));

        log.CommitEntry(1, (ulong)whole + 1);
        disk.Crash();
        var after = TestLog.Recover(disk, TestLog.Options(isEncrypted: isEncrypted));
        Assert.Null(after.TornTail);
        Assert.Equal(whole + 1, after.Indexes(1).Count);
    }
}
