using TokMesh.Log.Disks;

namespace TokMesh.Cluster.Starts;

/// <summary>Small files of a data directory that are there whole or not at all.</summary>
public static class StoredFile
{
    /// <summary>All of it.</summary>
    public static byte[] Read(IDisk disk, string name)
    {
        using var file = disk.Open(name);
        var bytes = new byte[file.Length];
        var read = 0;
        while (read < bytes.Length)
        {
            var n = file.Read(read, bytes.AsSpan(read));
            if (n == 0) break;
            read += n;
        }
        return bytes;
    }

    /// <summary>Written aside and renamed; durable when this returns.</summary>
    public static void Write(IDisk disk, string name, ReadOnlySpan<byte> bytes)
    {
        var aside = name + ".tmp";
        // One that was being written when the process died.
        if (disk.Exists(aside)) disk.Delete(aside);
        using (var file = disk.Create(aside, 0))
        {
            file.Write(0, bytes);
            file.Sync();
        }
        disk.Rename(aside, name);
        disk.SyncDirectory();
    }
}
