namespace TokMesh.Log.Disks;

/// <summary>One open file of a <see cref="FileDisk"/>, read and written by position.</summary>
internal sealed class FileDiskFile(FileStream stream) : IDiskFile
{
    public long Length => RandomAccess.GetLength(stream.SafeFileHandle);

    public int Read(long offset, Span<byte> buffer)
    {
        var total = 0;
        while (total < buffer.Length)
        {
            var read = RandomAccess.Read(stream.SafeFileHandle, buffer[total..], offset + total);
            if (read == 0) break;
            total += read;
        }
        return total;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(stream.SafeFileHandle, bytes, offset);

    public void Sync()
    {
        if (OperatingSystem.IsLinux()) LinuxFiles.SyncData(stream.SafeFileHandle, stream.Name);
        else RandomAccess.FlushToDisk(stream.SafeFileHandle);
    }

    public void Dispose() => stream.Dispose();
}
