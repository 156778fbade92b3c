using TokMesh.Log.Snapshots;
using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

public class SnapshotDamageTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Any_flipped_bit_and_any_truncation_is_noticed(bool isEncrypted)
    {
        var disk = new VirtualDisk();
        var store = TestLog.Snapshots(disk, isEncrypted);
        var info = store.Write(1, 5, 1, [1, 2], SnapshotTests.Body(200));
        var length = disk.ReadAll(info.File).Length;
        for (var offset = 0; offset < length; offset++)
        {
            disk.FlipBit(info.File, offset, offset % 8);
            Assert.Throws<SnapshotDamagedException>(() => ReadAll(store, info));
            disk.FlipBit(info.File, offset, offset % 8);
        }
        ReadAll(store, info);
        for (var cut = length - 1; cut >= 0; cut--)
        {
            disk.Shorten(info.File, cut);
            Assert.Throws<SnapshotDamagedException>(() => ReadAll(store, info));
            Assert.Null(store.Latest(1));
        }
    }

    [Fact]
    public void A_chunk_of_another_snapshot_or_another_place_does_not_pass()
    {
        var disk = new VirtualDisk();
        var store = TestLog.Snapshots(disk, isEncrypted: false);
        var one = store.Write(1, 5, 1, [], new byte[256]);
        var other = store.Write(1, 6, 1, [], new byte[256]);
        var foreign = disk.ReadAll(other.File);
        const int FirstChunk = SnapshotHeader.Bytes + sizeof(uint);
        const int Stored = 64 + sizeof(uint);
        var own = disk.ReadAll(one.File);

        disk.Damage(one.File, FirstChunk, foreign.AsSpan(FirstChunk, Stored));
        Assert.Throws<SnapshotDamagedException>(() => store.ReadBody(one));
        disk.Damage(one.File, FirstChunk, own.AsSpan(FirstChunk + Stored, Stored));
        Assert.Throws<SnapshotDamagedException>(() => store.ReadBody(one));
        disk.Damage(one.File, FirstChunk, own.AsSpan(FirstChunk, Stored));
        store.ReadBody(one);
    }

    [Fact]
    public void A_full_disk_fails_one_snapshot_and_space_cures_it()
    {
        for (long nth = 1; nth <= 6; nth++)
        {
            var disk = new VirtualDisk();
            var store = TestLog.Snapshots(disk);
            store.Write(1, 5, 1, [], SnapshotTests.Body(10));
            disk.FillUpAtNth(nth);
            Assert.Throws<IOException>(() => store.Write(1, 6, 1, [], SnapshotTests.Body(200)));
            Assert.Equal(5ul, store.Latest(1)!.Index);
            disk.Fault = null;
            Assert.Equal(6ul, store.Write(1, 6, 1, [], SnapshotTests.Body(200)).Index);
        }
    }

    [Theory]
    [InlineData(VirtualDiskOperationKind.Sync)]
    [InlineData(VirtualDiskOperationKind.Rename)]
    [InlineData(VirtualDiskOperationKind.SyncDirectory)]
    public void A_failed_sync_or_rename_is_not_retried(VirtualDiskOperationKind kind)
    {
        var disk = new VirtualDisk();
        var store = TestLog.Snapshots(disk);
        disk.FailNth(kind, 1);
        Assert.Throws<LogFailedException>(() => store.Write(1, 6, 1, [], []));

        Assert.Throws<LogFailedException>(() => store.Write(1, 6, 1, [], []));
    }

    private static void ReadAll(SnapshotStore store, SnapshotInfo info)
    {
        store.ReadMeta(info);
        store.ReadBody(info);
    }
}
