using TokMesh.Log.Format;
using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

public class RoundTripTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_record_comes_back(bool isEncrypted)
    {
        var disk = new VirtualDisk();
        using (var log = TestLog.Open(disk, TestLog.Options(isEncrypted: isEncrypted)))
        {
            TestLog.Snapshots(disk, isEncrypted).Write(7, 2, 3, [1], [2]);
            TestLog.Snapshots(disk, isEncrypted).Write(8, 90, 5, [1], [2]);
            log.Commit(batch =>
            {
                batch.AppendGroupMeta(7, [9, 8, 7]);
                batch.AppendHardState(7, 3, 2);
                batch.AppendEntry(7, 1, 3, 0, []);
                batch.AppendEntry(7, 2, 3, 255, new byte[1000]);
                batch.AppendEntry(7, 3, 3, 1, [1, 2, 3]);
                batch.AppendMark(7, 2, 3);
                batch.AppendGroupMeta(8, []);
                batch.AppendEntry(8, 1, 1, 1, [1]);
                batch.AppendHardState(8, 5, 0);
                batch.AppendReset(8, 90, 5);
                batch.AppendEntry(8, 91, 5, 1, [4]);
                batch.AppendGroupMeta(9, [1]);
                batch.AppendGroupRemoved(9);
            });
        }

        var recovery = TestLog.Recover(disk, TestLog.Options(isEncrypted: isEncrypted));

        Assert.Null(recovery.TornTail);
        Assert.Equal([7u, 8u], recovery.Groups.Keys.Order());
        var seven = recovery.Groups[7];
        Assert.Equal([9, 8, 7], seven.Meta);
        Assert.Equal((3ul, 2u, 2ul, 3ul), (seven.Term, seven.Vote, seven.BaseIndex, seven.BaseTerm));
        var entry = Assert.Single(seven.Entries);
        Assert.Equal((3ul, 3ul, (byte)1), (entry.Index, entry.Term, entry.EntryType));
        Assert.Equal([1, 2, 3], entry.Payload);
        var eight = recovery.Groups[8];
        Assert.Equal((90ul, 5ul, 90ul), (eight.BaseIndex, eight.BaseTerm, eight.Snapshot!.Index));
        Assert.Equal([91ul], recovery.Indexes(8));
    }

    [Fact]
    public void A_later_entry_supersedes_its_index_and_everything_after()
    {
        var disk = new VirtualDisk();
        using (var log = TestLog.Open(disk))
        {
            for (ulong index = 1; index <= 5; index++)
                log.CommitEntry(1, index);
            log.CommitEntry(1, 3, term: 2);
        }

        var group = TestLog.Recover(disk).Groups[1];

        Assert.Equal([(1ul, 1ul), (2ul, 1ul), (3ul, 2ul)], group.Entries.Select(entry => (entry.Index, entry.Term)));
    }

    [Fact]
    public void What_is_appended_between_two_flushes_is_all_or_nothing_and_one_write_and_one_sync()
    {
        for (ulong survival = 0; survival < 40; survival++)
        {
            var disk = new VirtualDisk();
            var log = TestLog.Open(disk);
            log.CommitEntry(1, 1);
            var before = disk.Operations;
            var batch = new LogBatch();
            for (ulong index = 2; index < 50; index++)
            {
                batch.Reset();
                batch.AppendEntry(1, index, 1, 0, new byte[100]);
                batch.AppendEntry(2, index - 1, 1, 0, new byte[100]);
                log.Append(batch);
            }
            disk.CutPowerAt(before + 2);
            Assert.Throws<SimulatedPowerCut>(log.Flush);
            Assert.Equal(before + 2, disk.Operations);
            disk.Crash(survival);

            var recovery = TestLog.Recover(disk);

            Assert.True(recovery.Indexes(1).Count is 1 or 49);
            Assert.Equal(recovery.Indexes(1).Count - 1, recovery.Indexes(2).Count);
        }
    }

    [Fact]
    public void A_flush_of_more_than_a_frame_syncs_each_frame_before_the_next()
    {
        var trace = new List<VirtualDiskOperation>();
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk, TestLog.Options(maxFrameBytes: 1000));
        var batch = new LogBatch();
        batch.AppendEntry(1, 1, 1, 0, new byte[400]);
        for (ulong index = 2; index <= 6; index++)
        {
            log.Append(batch);
            batch.Reset();
            batch.AppendEntry(1, index, 1, 0, new byte[400]);
        }
        disk.Trace = trace;
        log.Flush();

        Assert.Equal(
            Enumerable.Repeat<VirtualDiskOperationKind[]>([VirtualDiskOperationKind.Write, VirtualDiskOperationKind.Sync], 3).SelectMany(pair => pair),
            trace.Select(operation => operation.Kind));
        disk.Crash();
        Assert.Equal(5, TestLog.Recover(disk).Indexes(1).Count);
    }

    [Fact]
    public void A_batch_bigger_than_a_segment_gets_a_segment_of_its_size()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk, TestLog.Options(segmentBytes: 1024));
        log.Commit(batch => batch.AppendEntry(1, 1, 1, 0, new byte[100_000]));
        log.CommitEntry(1, 2);
        disk.Crash();

        var recovery = TestLog.Recover(disk, TestLog.Options(segmentBytes: 1024));

        Assert.Equal([1ul, 2ul], recovery.Indexes(1));
        Assert.Equal(100_000, recovery.Groups[1].Entries[0].Payload.Length);
    }

    [Fact]
    public void An_empty_flush_touches_nothing()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk);
        var before = disk.Operations;

        log.Append(new LogBatch());
        log.Flush();

        Assert.Equal(before, disk.Operations);
    }

    [Fact]
    public void A_batch_is_reusable_after_it_was_handed_over()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk);
        var batch = new LogBatch();
        batch.AppendEntry(1, 1, 1, 0, [1]);
        Assert.Equal(27, batch.Bytes);
        log.Append(batch);
        batch.Reset();
        Assert.True(batch.IsEmpty);
        batch.AppendEntry(1, 2, 1, 0, [2]);
        log.Append(batch);
        log.Flush();
        disk.Crash();

        Assert.Equal([1, 2], TestLog.Recover(disk).Groups[1].Entries.Select(entry => entry.Payload[0]));
    }

    [Fact]
    public void Status_tells_the_figures()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk, TestLog.Options(isEncrypted: false));
        log.CommitEntry(1, 1);

        var status = log.Status;

        Assert.Equal((1, 1u, 1u, 2ul, 1L << 16, false), (status.SegmentCount, status.OldestSegment, status.CurrentSegment, status.LastSequence, status.AllocatedBytes, status.HasFailed));
        Assert.Equal(log.SizeBytes, status.LastOffset);
        Assert.Equal(SegmentHeader.Bytes + 2 * FrameHeader.Bytes + RecordFormat.EntryBytes + TestLog.Payload(1).Length, status.SizeBytes);
    }
}
