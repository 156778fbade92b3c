using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

/// <summary>The model that the proofs rest on does lose what it should.</summary>
public class VirtualDiskTests
{
    [Fact]
    public void What_was_not_synced_is_lost()
    {
        var disk = new VirtualDisk();
        var file = disk.Create("a", 0);
        file.Write(0, [1]);
        file.Sync();
        disk.SyncDirectory();
        file.Write(0, [2]);
        disk.Crash();

        Assert.Equal([1], disk.ReadAll("a"));
        Assert.Throws<ObjectDisposedException>(() => file.Write(0, [3]));
    }

    [Fact]
    public void A_name_is_lost_without_a_directory_sync_though_the_content_was_synced()
    {
        var disk = new VirtualDisk();
        var file = disk.Create("a", 0);
        file.Write(0, [1]);
        file.Sync();
        disk.Crash();

        Assert.Empty(disk.List());
    }

    [Fact]
    public void A_rename_or_delete_is_undone_without_a_directory_sync()
    {
        var disk = new VirtualDisk();
        disk.Create("a", 0).Dispose();
        disk.Create("b", 0).Dispose();
        disk.SyncDirectory();
        disk.Rename("a", "c");
        disk.Delete("b");
        disk.Crash();

        Assert.Equal(["a", "b"], disk.List());
    }

    [Fact]
    public void A_seeded_crash_keeps_any_sectors_and_any_names_and_is_repeatable()
    {
        var contents = new HashSet<string>();
        var names = new HashSet<string>();
        for (ulong seed = 0; seed < 300; seed++)
        {
            var disk = Unsynced();
            var same = Unsynced();
            disk.Crash(seed);
            same.Crash(seed);
            Assert.Equal(disk.List(), same.List());
            Assert.Equal(disk.ReadAll("a"), same.ReadAll("a"));
            names.Add(string.Join(",", disk.List()));
            contents.Add(string.Concat(Enumerable.Range(0, 3).Select(sector => disk.ReadAll("a").ElementAtOrDefault(sector * 512))));
        }
        Assert.Equal(8, contents.Count);
        Assert.Equal(4, names.Count);

        static VirtualDisk Unsynced()
        {
            var disk = new VirtualDisk();
            var file = disk.Create("a", 1536);
            file.Sync();
            disk.SyncDirectory();
            file.Write(0, Enumerable.Repeat((byte)1, 1536).ToArray());
            disk.Create("b", 0).Dispose();
            disk.Create("c", 0).Dispose();
            return disk;
        }
    }

    [Fact]
    public void After_a_failed_sync_a_second_one_succeeds_without_storing()
    {
        var disk = new VirtualDisk();
        var file = disk.Create("a", 1);
        file.Sync();
        disk.SyncDirectory();
        file.Write(0, [1]);
        disk.FailNth(VirtualDiskOperationKind.Sync, 1);
        Assert.Throws<IOException>(file.Sync);
        file.Sync();
        disk.Crash();

        Assert.Equal([0], disk.ReadAll("a"));
    }

    [Fact]
    public void Without_power_nothing_works()
    {
        var disk = new VirtualDisk();
        disk.CutPowerAt(1);
        Assert.Equal(1, Assert.Throws<SimulatedPowerCut>(() => disk.Create("a", 0)).Operation);
        Assert.Throws<SimulatedPowerCut>(() => disk.List());
        disk.Crash();
        Assert.Empty(disk.List());
    }
}
