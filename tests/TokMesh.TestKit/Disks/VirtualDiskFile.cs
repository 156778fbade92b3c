using TokMesh.Log.Disks;

namespace TokMesh.TestKit.Disks;

/// <summary>An open file of a <see cref="VirtualDisk"/>. A crash closes it: a process that died does not write on.</summary>
internal sealed class VirtualDiskFile(VirtualDisk disk, string name, VirtualContent content, int boot) : IDiskFile
{
    private bool _isClosed;

    public long Length
    {
        get
        {
            ThrowIfClosed();
            return content.Length;
        }
    }

    public int Read(long offset, Span<byte> buffer)
    {
        ThrowIfClosed();
        return content.Read(offset, buffer);
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        ThrowIfClosed();
        disk.Write(name, content, offset, bytes);
    }

    public void Sync()
    {
        ThrowIfClosed();
        disk.Sync(name, content);
    }

    public void Dispose() => _isClosed = true;

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(_isClosed || boot != disk.Boot, this);
}
