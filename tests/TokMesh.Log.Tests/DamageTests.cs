using TokMesh.Log.Format;
using TokMesh.Log.Snapshots;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

/// <summary>Bit rot and lost files in what was durable: the node must not start as if there had been less.</summary>
public class DamageTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_flipped_bit_in_any_byte_of_a_synced_frame_stops_the_node(bool isEncrypted)
    {
        var options = TestLog.Options(segmentBytes: 800, isEncrypted);
        var disk = SegmentTests.WithSegments(3, options, out var last);
        using (var log = TestLog.Open(disk, options))
        {
            // The last segment, too, has frames that are not the last.
            log.CommitEntry(1, last + 1);
            log.CommitEntry(1, last + 2);
            Assert.Equal(3, log.LiveSegmentCount);
        }
        var intact = disk.Contents();
        long flips = 0;
        foreach (var file in intact.Keys)
        {
            var starts = FrameStarts(intact[file], out var end);
            // The very last frame cannot be told from a torn one.
            if (file == "wal-00000003.log")
                end = starts[^1];
            for (long offset = 0; offset < end; offset++, flips++)
            {
                disk.FlipBit(file, offset, (int)(offset % 8));
                var before = disk.Contents();

                var damage = Assert.Throws<LogDamagedException>(() => TestLog.Recover(disk, options));

                Assert.Equal((file, starts.Last(start => start <= offset)), (damage.File, damage.Offset));
                disk.AssertUnchanged(before);
                disk.FlipBit(file, offset, (int)(offset % 8));
            }
        }
        Assert.True(flips > 1000);
    }

    [Fact]
    public void The_message_says_where_and_what_to_do()
    {
        var options = TestLog.Options(segmentBytes: 1024);
        var disk = SegmentTests.WithSegments(2, options, out _);
        disk.FlipBit("wal-00000001.log", 70, 1);

        var message = Assert.Throws<LogDamagedException>(() => TestLog.Recover(disk, options)).Message;

        Assert.Contains("This node's log is damaged at wal-00000001.log:64", message);
        Assert.Contains("Nothing was changed. Restore it from its peers:", message);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_missing_segment_in_the_middle_stops_the_node(int missing)
    {
        var options = TestLog.Options(segmentBytes: 1024);
        var disk = SegmentTests.WithSegments(4, options, out _);
        disk.Delete(SegmentName.Of((uint)missing));

        var damage = Assert.Throws<LogDamagedException>(() => TestLog.Recover(disk, options));

        Assert.Equal(SegmentName.Of((uint)missing), damage.File);
    }

    [Fact]
    public void A_missing_first_segment_stops_the_node_when_entries_are_missing_with_it()
    {
        var options = TestLog.Options(segmentBytes: 1024);
        var disk = SegmentTests.WithSegments(3, options, out _);
        disk.Delete(SegmentName.Of(1));

        var damage = Assert.Throws<LogDamagedException>(() => TestLog.Recover(disk, options));

        Assert.Equal(SegmentName.Of(2), damage.File);
        Assert.Contains("missing", damage.Message);
    }

    [Fact]
    public void Snapshots_without_a_log_stop_the_node()
    {
        var disk = new VirtualDisk();
        TestLog.Snapshots(disk).Write(1, 5, 1, [], []);

        Assert.Throws<LogDamagedException>(() => TestLog.Recover(disk));
    }

    [Fact]
    public void The_only_segment_left_is_never_taken_for_half_made()
    {
        var options = TestLog.Options(segmentBytes: 1024);
        var disk = SegmentTests.WithSegments(2, options, out _);
        disk.Delete(SegmentName.Of(1));
        disk.Damage(SegmentName.Of(2), 0, new byte[1024]);

        Assert.Throws<LogDamagedException>(() => TestLog.Recover(disk, options));
    }

    [Fact]
    public void A_segment_under_another_number_stops_the_node()
    {
        var options = TestLog.Options(segmentBytes: 1024);
        var disk = SegmentTests.WithSegments(2, options, out _);
        disk.Rename(SegmentName.Of(1), SegmentName.Of(3));

        Assert.Throws<LogDamagedException>(() => TestLog.Recover(disk, options));
    }

    [Fact]
    public void A_missing_or_broken_snapshot_that_the_log_starts_from_stops_the_node()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk);
        var snapshot = TestLog.Snapshots(disk).Write(1, 2, 1, [7], [8]);
        log.CommitEntry(1, 1);
        log.CommitEntry(1, 2);
        log.Commit(batch => batch.AppendMark(1, 2, 1));
        long middle = SnapshotHeader.Bytes;
        disk.FlipBit(snapshot.File, middle, 3);
        var broken = Assert.Throws<LogDamagedException>(() => TestLog.Recover(disk));
        disk.Delete(snapshot.File);

        var missing = Assert.Throws<LogDamagedException>(() => TestLog.Recover(disk));

        Assert.Equal((snapshot.File, middle), (broken.File, broken.Offset));
        Assert.Contains("broken", broken.Message);
        Assert.Equal(snapshot.File, missing.File);
        Assert.Contains("missing", missing.Message);
    }

    [Fact]
    public void A_broken_end_is_damage_when_a_later_segment_had_been_begun()
    {
        // A segment is synced to its end before the next is made, so no crash can leave both unfinished.
        var options = TestLog.Options(segmentBytes: 1024);
        var disk = SegmentTests.WithSegments(3, options, out _);
        disk.Damage(SegmentName.Of(3), 0, new byte[1024]);
        FrameStarts(disk.ReadAll(SegmentName.Of(2)), out var end);
        disk.Damage(SegmentName.Of(2), end, [1]);

        var damage = Assert.Throws<LogDamagedException>(() => TestLog.Recover(disk, options));

        Assert.Equal((SegmentName.Of(2), end), (damage.File, damage.Offset));
    }

    // The header counts as a start: damage to it is reported at 0.
    private static List<long> FrameStarts(byte[] segment, out long end)
    {
        var starts = new List<long> { 0 };
        end = SegmentHeader.Bytes;
        while (FrameHeader.TryReadFrame(segment.AsSpan((int)end), out var frame))
        {
            starts.Add(end);
            end += FrameHeader.Bytes + frame.BodyBytes;
        }
        return starts;
    }
}
