using System.Security.Cryptography;
using TokMesh.Log.Disks;
using TokMesh.Log.Encryption;
using TokMesh.Log.Snapshots;
using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

public sealed class FileDiskTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"tokmesh-log-{Guid.NewGuid():N}");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_log_with_snapshots_lives_on_a_real_directory()
    {
        var disk = new FileDisk(_directory);
        var key = LogKey.LoadOrCreate(disk, RandomNumberGenerator.Fill);
        var options = Options(key);
        using (var log = WriteAheadLog.Open(disk, options, out _))
        {
            for (ulong index = 1; index <= 100; index++)
                log.CommitEntry(1, index);
            var snapshots = new SnapshotStore(disk, new SnapshotStoreOptions { Key = key, FillRandom = RandomNumberGenerator.Fill });
            snapshots.Write(1, 90, 1, [1], new byte[3_000_000]);
            log.Commit(batch => batch.AppendMark(1, 90, 1));
            log.DeleteObsoleteSegments();
        }

        Assert.Equal(key, LogKey.LoadOrCreate(disk, RandomNumberGenerator.Fill));
        using var again = WriteAheadLog.Open(disk, options, out var recovery);

        Assert.Equal(Enumerable.Range(91, 10).Select(index => (ulong)index), recovery.Indexes(1));
        var store = new SnapshotStore(disk, new SnapshotStoreOptions { Key = key, FillRandom = RandomNumberGenerator.Fill });
        Assert.Equal(3_000_000, store.ReadBody(recovery.Groups[1].Snapshot!).Length);
        Assert.True(again.LiveSegmentCount < 5);
    }

    [Fact]
    public void Files_are_for_their_owner_alone_and_preallocated()
    {
        if (OperatingSystem.IsWindows())
            return;
        var disk = new FileDisk(_directory);
        var key = LogKey.LoadOrCreate(disk, RandomNumberGenerator.Fill);
        using (WriteAheadLog.Open(disk, Options(key), out _))
        using (disk.Lock())
        {
            foreach (var name in disk.List())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory, name)));
            Assert.Equal(4096, new FileInfo(Path.Combine(_directory, "wal-00000001.log")).Length);
        }
        var others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.GroupWrite;
        Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(_directory) & others);
    }

    [Fact]
    public void A_directory_is_one_holders_until_it_lets_go()
    {
        var disk = new FileDisk(_directory);
        using (disk.Lock())
        {
            var inUse = Assert.Throws<DirectoryInUseException>(new FileDisk(_directory).Lock);
            Assert.Equal(_directory, inUse.Directory);
            Assert.Contains($"'{_directory}' is in use by another process", inUse.Message);
        }
        using (new FileDisk(_directory).Lock())
        {
        }
    }

    [Fact]
    public void A_disk_does_what_the_virtual_one_does()
    {
        foreach (var disk in new IDisk[] { new FileDisk(_directory), new VirtualDisk() })
        {
            using (var file = disk.Create("a", 10))
            {
                file.Write(8, [1, 2, 3, 4]);
                file.Sync();
                Assert.Equal(12, file.Length);
            }
            Assert.ThrowsAny<IOException>(() => disk.Create("a", 0));
            Assert.ThrowsAny<IOException>(() => disk.Open("none"));
            disk.Create("b", 0).Dispose();
            disk.Rename("a", "b");
            disk.SyncDirectory();
            using (var file = disk.Open("b"))
            {
                var bytes = new byte[20];
                Assert.Equal(12, file.Read(0, bytes));
                Assert.Equal([0, 1, 2, 3, 4], bytes[7..12]);
                Assert.Equal(0, file.Read(50, bytes));
            }
            Assert.Equal(["b"], disk.List());
            disk.Delete("b");
            Assert.False(disk.Exists("b"));
        }
    }

    [Fact]
    public void A_name_cannot_leave_the_directory() =>
        Assert.Throws<ArgumentException>(() => new FileDisk(_directory).Create("../a", 0));

    private static WriteAheadLogOptions Options(byte[] key) =>
        new() { SegmentBytes = 4096, Key = key, FillRandom = RandomNumberGenerator.Fill };
}
