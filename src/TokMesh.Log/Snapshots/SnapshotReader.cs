using TokMesh.Log.Disks;
using TokMesh.Log.Encryption;
using TokMesh.Log.Format;

namespace TokMesh.Log.Snapshots;

/// <summary>Reads one snapshot file. Opening checks its shape: header, length, trailer; each chunk is checked when read.</summary>
internal sealed class SnapshotReader : IDisposable
{
    private readonly IDiskFile _file;
    private readonly string _name;
    private readonly SnapshotChunks _chunks;

    private SnapshotReader(IDiskFile file, string name, SnapshotHeader header, byte[]? key)
    {
        _file = file;
        _name = name;
        Header = header;
        _chunks = new SnapshotChunks(header, key);
    }

    public SnapshotHeader Header { get; }

    public SnapshotInfo Info => new(Header.Name.Group, Header.Name.Index, Header.Name.Term, Header.MetaBytes, Header.BodyBytes);

    /// <summary>Opens a snapshot.</summary>
    /// <exception cref="SnapshotDamagedException">It is not as it was written.</exception>
    /// <exception cref="LogUnreadableException">The key does not fit, or a newer version wrote it.</exception>
    public static SnapshotReader Open(IDisk disk, SnapshotName snapshot, byte[]? key)
    {
        var name = snapshot.FileName;
        var file = disk.Open(name);
        try
        {
            Span<byte> head = stackalloc byte[SnapshotHeader.Bytes];
            var read = file.Read(0, head);
            if (!SnapshotHeader.TryRead(head[..read], out var header, out var version))
                throw new SnapshotDamagedException(name, 0, "its header is broken");
            if (version != SnapshotHeader.Version)
                throw new LogUnreadableException(name, $"it has format version {version}, this program knows {SnapshotHeader.Version}. Run the version that wrote it, or a newer one");
            CipherCheck.ThrowUnlessFits(name, header.Cipher, key);
            if (header.Name != snapshot) throw new SnapshotDamagedException(name, 0, $"its header is that of {header.Name.FileName}");
            if (file.Length != header.FileBytes)
                throw new SnapshotDamagedException(name, Math.Min(file.Length, header.FileBytes), $"it is {file.Length} bytes long and should be {header.FileBytes}");
            Span<byte> trailer = stackalloc byte[SnapshotHeader.TrailerBytes];
            read = file.Read(header.TrailerOffset, trailer);
            if (!header.IsTrailer(trailer[..read])) throw new SnapshotDamagedException(name, header.TrailerOffset, "its trailer is broken");
            return new SnapshotReader(file, name, header, key);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a chunk (number 0 is the meta) into <paramref name="buffer"/>, which has room for the overhead too; returns its bytes.</summary>
    /// <exception cref="SnapshotDamagedException">It is not as it was written.</exception>
    /// <exception cref="LogUnreadableException">It cannot be decrypted.</exception>
    public Span<byte> ReadChunk(long number, byte[] buffer)
    {
        var length = Header.LengthOf(number);
        var offset = Header.OffsetOf(number);
        var stored = buffer.AsSpan(0, length + Header.ChunkOverheadBytes);
        if (_file.Read(offset, stored) != stored.Length || !_chunks.TryOpen(_name, number, stored))
            throw new SnapshotDamagedException(_name, offset, number == 0 ? "its meta is broken" : $"chunk {number} is broken");
        return stored[..length];
    }

    /// <summary>A snapshot's meta.</summary>
    /// <exception cref="SnapshotDamagedException">It is not as it was written.</exception>
    /// <exception cref="LogUnreadableException">It cannot be decrypted.</exception>
    public byte[] ReadMeta() => ReadChunk(0, new byte[Header.MetaBytes + Header.ChunkOverheadBytes]).ToArray();

    public void Dispose()
    {
        _chunks.Dispose();
        _file.Dispose();
    }
}
