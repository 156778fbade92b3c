using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

/// <summary>A disk that refuses. In 2018 databases learned that a second fsync reports success for lost data.</summary>
public class FailureTests
{
    [Theory]
    [InlineData(VirtualDiskOperationKind.Sync)]
    [InlineData(VirtualDiskOperationKind.Write)]
    public void One_failure_and_the_log_refuses_everything_though_the_disk_works_again(VirtualDiskOperationKind kind)
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk);
        log.CommitEntry(1, 1);
        disk.FailNth(kind, 1);
        var batch = new LogBatch();
        batch.AppendEntry(1, 2, 1, 0, [1]);
        log.Append(batch);

        var first = Assert.Throws<LogFailedException>(log.Flush);

        Assert.IsType<IOException>(first.InnerException);
        var operations = disk.Operations;
        Assert.Throws<LogFailedException>(log.Flush);
        Assert.Throws<LogFailedException>(() => log.Append(batch));
        Assert.Throws<LogFailedException>(log.DeleteObsoleteSegments);
        Assert.True(log.Status.HasFailed);
        Assert.Equal(operations, disk.Operations);
        disk.Crash();
        Assert.Equal([1ul], TestLog.Recover(disk).Indexes(1));
    }

    [Fact]
    public void What_a_failed_sync_left_in_memory_is_on_the_disk_before_a_restart_hands_it_out()
    {
        for (long nth = 1; nth <= 12; nth++)
        {
            var disk = new VirtualDisk();
            var options = TestLog.Options(segmentBytes: 512);
            disk.FailNth(VirtualDiskOperationKind.Sync, nth);
            try
            {
                var log = TestLog.Open(disk, options);
                for (ulong index = 1; index <= 20; index++)
                    log.CommitEntry(1, index);
            }
            catch (LogFailedException)
            {
            }
            // Only the process is new: the system still has in memory, as if it were stored, what it could not store.
            disk.Fault = null;
            disk.KillProcess();
            var found = TestLog.Recover(disk, options).Indexes(1);
            disk.Crash();

            Assert.Equal(found, TestLog.Recover(disk, options).Indexes(1));
        }
    }

    [Fact]
    public void A_full_disk_at_any_write_loses_nothing_acknowledged_and_space_cures_it()
    {
        var options = TestLog.Options(segmentBytes: 1024);
        for (long nth = 1; nth <= 40; nth++)
        {
            var disk = new VirtualDisk();
            ulong acknowledged = 0;
            disk.FillUpAtNth(nth);
            try
            {
                var log = TestLog.Open(disk, options);
                for (ulong index = 1; index <= 30; index++)
                {
                    log.Commit(batch =>
                    {
                        batch.AppendHardState(1, index, 1);
                        batch.AppendEntry(1, index, index, 0, new byte[40]);
                    });
                    acknowledged = index;
                }
            }
            catch (LogFailedException)
            {
            }
            disk.Fault = null;
            disk.KillProcess();

            using var after = TestLog.Open(disk, out var recovery, options);

            var found = (ulong)recovery.Indexes(1).Count;
            Assert.Equal(acknowledged, found);
            if (found > 0)
                Assert.Equal((found, 1u), (recovery.Groups[1].Term, recovery.Groups[1].Vote));
            after.CommitEntry(1, found + 1, term: 99);
        }
    }

    [Fact]
    public void A_failure_while_the_recovered_log_is_prepared_is_not_retried_either()
    {
        var trace = new List<VirtualDiskOperation>();
        var disk = Torn();
        disk.Trace = trace;
        TestLog.Recover(disk);
        foreach (var kind in trace.Select(operation => operation.Kind).Distinct())
        {
            var failing = Torn();
            failing.FailNth(kind, 1);
            Assert.Throws<LogFailedException>(() => TestLog.Recover(failing));
            failing.Fault = null;
            failing.Crash();
            Assert.Equal([1ul], TestLog.Recover(failing).Indexes(1));
        }
    }

    [Fact]
    public void A_directory_sync_that_fails_poisons_the_log()
    {
        var disk = new VirtualDisk();
        var options = TestLog.Options(segmentBytes: 512);
        var log = TestLog.Open(disk, options);
        disk.FailNth(VirtualDiskOperationKind.SyncDirectory, 1);
        ulong index = 0;
        void CommitForever()
        {
            while (index < 100)
                log.CommitEntry(1, ++index);
        }
        Assert.Throws<LogFailedException>(CommitForever);
        disk.Crash();

        Assert.Equal(index - 1, (ulong)TestLog.Recover(disk, options).Indexes(1).Count);
    }

    [Theory]
    [InlineData("gap")]
    [InlineData("second vote")]
    [InlineData("term back")]
    [InlineData("mark beyond")]
    [InlineData("below base")]
    public void A_record_that_breaks_the_rules_stops_the_log_before_it_is_written(string rule)
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk);
        var snapshot = TestLog.Snapshots(disk).Write(1, 1, 1, [], []);
        log.Commit(batch =>
        {
            batch.AppendHardState(1, 5, 2);
            batch.AppendEntry(1, 1, 1, 0, []);
            batch.AppendMark(1, snapshot.Index, snapshot.Term);
            batch.AppendEntry(1, 2, 1, 0, []);
        });
        var wrong = new LogBatch();
        switch (rule)
        {
            case "gap":
                wrong.AppendEntry(1, 4, 1, 0, []);
                break;
            case "second vote":
                wrong.AppendHardState(1, 5, 3);
                break;
            case "term back":
                wrong.AppendHardState(1, 4, 2);
                break;
            case "mark beyond":
                wrong.AppendMark(1, 3, 1);
                break;
            default:
                wrong.AppendEntry(1, 1, 1, 0, []);
                break;
        }

        Assert.Throws<InvalidOperationException>(() => log.Append(wrong));

        Assert.Throws<LogFailedException>(log.Flush);
        disk.Crash();
        Assert.Equal([2ul], TestLog.Recover(disk).Indexes(1));
    }

    [Fact]
    public void A_closed_log_says_so()
    {
        var log = TestLog.Open(new VirtualDisk());
        log.Dispose();

        Assert.Throws<ObjectDisposedException>(log.Flush);
    }

    [Fact]
    public void Wrong_options_are_all_named_with_value_and_range()
    {
        var options = new WriteAheadLogOptions { SegmentBytes = 1, MaxFrameBytes = 2, Key = new byte[31], FillRandom = TestLog.Random() };

        var message = Assert.Throws<ArgumentException>(() => TestLog.Recover(new VirtualDisk(), options)).Message;

        Assert.Contains("SegmentBytes is 1, allowed are 512 to 1073741824", message);
        Assert.Contains("MaxFrameBytes is 2, allowed are 64 to 268435456", message);
        Assert.Contains("Key has 31 bytes, required are 32", message);
    }

    // An entry, something torn after it, and a partial snapshot.
    private static VirtualDisk Torn()
    {
        var disk = new VirtualDisk();
        using (var log = TestLog.Open(disk))
        {
            log.CommitEntry(1, 1);
            disk.Damage("wal-00000001.log", log.SizeBytes, [1]);
        }
        disk.Create("snap-1-1-1.tms.tmp", 10).Dispose();
        disk.SyncDirectory();
        return disk;
    }
}
