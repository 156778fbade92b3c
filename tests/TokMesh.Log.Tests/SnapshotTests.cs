using System.Buffers;
using TokMesh.Log.Format;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

public class SnapshotTests
{
    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    [InlineData(true, 63)]
    [InlineData(true, 64)]
    [InlineData(true, 65)]
    [InlineData(true, 1000)]
    [InlineData(false, 0)]
    [InlineData(false, 64)]
    [InlineData(false, 1000)]
    public void A_snapshot_of_any_size_comes_back_whole_and_in_pieces(bool isEncrypted, int bytes)
    {
        var disk = new VirtualDisk();
        var store = TestLog.Snapshots(disk, isEncrypted);
        var body = Body(bytes);
        var info = store.Write(3, 10, 2, [1, 2, 3], body);
        disk.Crash();

        Assert.Equal(info, store.Latest(3));
        Assert.Equal((3, (long)bytes, "snap-3-10-2.tms"), (info.MetaBytes, info.BodyBytes, info.File));
        Assert.Equal([1, 2, 3], store.ReadMeta(info));
        Assert.Equal(body, store.ReadBody(info));
        var pieces = new List<byte>();
        var piece = new byte[37];
        for (int read; (read = store.ReadChunk(info, pieces.Count, piece)) > 0;)
            pieces.AddRange(piece[..read]);
        Assert.Equal(body, pieces);
        Assert.Equal(0, store.ReadChunk(info, bytes + 5, piece));
    }

    [Fact]
    public void A_body_in_many_segments_is_the_same_as_in_one()
    {
        var disk = new VirtualDisk();
        var store = TestLog.Snapshots(disk);
        var body = Body(500);
        var first = new Piece(body.AsMemory(0, 7), null);
        var last = first.Then(body.AsMemory(7, 200)).Then(body.AsMemory(207));

        var info = store.Write(1, 1, 1, [], new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));

        Assert.Equal(body, store.ReadBody(info));
    }

    [Fact]
    public void The_latest_is_by_index_and_older_ones_go_on_request()
    {
        var disk = new VirtualDisk();
        var store = TestLog.Snapshots(disk);
        store.Write(1, 9, 1, [], []);
        store.Write(1, 100, 1, [], []);
        store.Write(1, 20, 1, [], []);
        store.Write(2, 5, 1, [], []);
        Assert.Equal(100ul, store.Latest(1)!.Index);

        store.DeleteOlderThan(1, 100);
        disk.Crash();

        Assert.Equal(["snap-1-100-1.tms", "snap-2-5-1.tms"], disk.List());
        Assert.Null(store.Latest(3));
    }

    [Fact]
    public void A_crash_at_any_step_of_writing_leaves_the_old_snapshot_or_the_new()
    {
        for (long cut = 1; cut <= 12; cut++)
            for (ulong survival = 0; survival < 20; survival++)
            {
                var disk = new VirtualDisk();
                TestLog.Open(disk).Dispose();
                var store = TestLog.Snapshots(disk);
                store.Write(1, 5, 1, [5], Body(200));
                disk.CutPowerAt(disk.Operations + cut);
                var isDone = false;
                try
                {
                    store.Write(1, 9, 1, [9], Body(300));
                    isDone = true;
                }
                catch (SimulatedPowerCut)
                {
                }
                disk.CutPowerAt(0);
                disk.Crash(survival);

                store = TestLog.Snapshots(disk);
                var latest = store.Latest(1)!;
                Assert.True(isDone ? latest.Index == 9 : latest.Index is 5 or 9);
                Assert.Equal([(byte)latest.Index], store.ReadMeta(latest));
                Assert.Equal(Body(latest.Index == 5 ? 200 : 300), store.ReadBody(latest));
            }
    }

    [Fact]
    public void A_crash_at_any_step_of_installing_leaves_all_of_the_old_or_all_of_the_new()
    {
        for (long cut = 1; cut <= 14; cut++)
            for (ulong survival = 0; survival < 20; survival++)
            {
                var disk = new VirtualDisk();
                var log = TestLog.Open(disk);
                log.Commit(batch =>
                {
                    batch.AppendGroupMeta(1, [1]);
                    batch.AppendHardState(1, 2, 3);
                });
                for (ulong index = 1; index <= 5; index++)
                    log.CommitEntry(1, index);
                disk.CutPowerAt(disk.Operations + cut);
                var isDone = false;
                try
                {
                    TestLog.Snapshots(disk).Write(1, 4, 7, [9], Body(300));
                    log.Commit(batch =>
                    {
                        batch.AppendHardState(1, 7, 0);
                        batch.AppendReset(1, 4, 7);
                    });
                    isDone = true;
                }
                catch (SimulatedPowerCut)
                {
                }
                disk.CutPowerAt(0);
                disk.Crash(survival);

                using var after = TestLog.Open(disk, out var recovery);
                var group = recovery.Groups[1];
                if (group.Snapshot is null)
                {
                    Assert.False(isDone);
                    Assert.Equal((2ul, 3u, 0ul, 5), (group.Term, group.Vote, group.BaseIndex, group.Entries.Count));
                }
                else
                {
                    Assert.Equal((7ul, 0u, 4ul, 7ul, 0), (group.Term, group.Vote, group.BaseIndex, group.BaseTerm, group.Entries.Count));
                }
                Assert.DoesNotContain(disk.List(), PartialFiles.IsPartial);
                // The log goes on from whichever it is, and the next start agrees.
                var next = group.BaseIndex + (ulong)group.Entries.Count + 1;
                after.CommitEntry(1, next, term: 8);
                disk.Crash();
                Assert.Equal(next, TestLog.Recover(disk).Groups[1].Entries[^1].Index);
            }
    }

    [Fact]
    public void An_own_snapshot_that_the_log_has_not_heard_of_drops_only_what_it_covers()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk);
        for (ulong index = 1; index <= 5; index++)
            log.CommitEntry(1, index);
        TestLog.Snapshots(disk).Write(1, 3, 1, [], []);
        disk.Crash();

        var recovery = TestLog.Recover(disk);

        Assert.Equal([4ul, 5ul], recovery.Indexes(1));
        Assert.Equal((3ul, 1ul), (recovery.Groups[1].BaseIndex, recovery.Groups[1].BaseTerm));
    }

    [Fact]
    public void A_newer_snapshot_that_is_broken_is_passed_over_when_the_log_reaches_back_to_the_older()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk);
        for (ulong index = 1; index <= 5; index++)
            log.CommitEntry(1, index);
        var store = TestLog.Snapshots(disk);
        store.Write(1, 2, 1, [], []);
        log.Commit(batch => batch.AppendMark(1, 2, 1));
        var broken = store.Write(1, 4, 1, [], []);
        disk.FlipBit(broken.File, 5, 5);

        var group = TestLog.Recover(disk).Groups[1];

        Assert.Equal((2ul, 3), (group.Snapshot!.Index, group.Entries.Count));
    }

    [Fact]
    public void A_removed_groups_snapshot_is_not_taken_for_that_of_its_successor()
    {
        var disk = new VirtualDisk();
        var log = TestLog.Open(disk);
        log.Commit(batch => batch.AppendGroupMeta(1, [1]));
        TestLog.Snapshots(disk).Write(1, 50, 9, [], []);
        log.Commit(batch => batch.AppendReset(1, 50, 9));
        log.Commit(batch => batch.AppendGroupRemoved(1));
        // The crash comes before the node could delete the snapshot.
        disk.Crash();
        log = TestLog.Open(disk);
        log.Commit(batch => batch.AppendGroupMeta(1, [2]));
        disk.Crash();

        var group = TestLog.Recover(disk).Groups[1];

        Assert.Null(group.Snapshot);
        Assert.Equal(0ul, group.BaseIndex);
    }

    internal static byte[] Body(int bytes)
    {
        var body = new byte[bytes];
        TestLog.Random((ulong)bytes)(body);
        return body;
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            RunningIndex = before is null ? 0 : before.RunningIndex + before.Memory.Length;
        }

        public Piece Then(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, this);
            Next = next;
            return next;
        }
    }
}
