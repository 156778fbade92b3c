using TokMesh.Log.Disks;

namespace TokMesh.Log.Snapshots;

/// <summary>Writes one snapshot file from front to back, chunk by chunk.</summary>
internal sealed class SnapshotFileWriter : IDisposable
{
    private readonly IDiskFile _file;
    private readonly SnapshotHeader _header;
    private readonly SnapshotChunks _chunks;
    private readonly byte[] _chunk;
    private int _filled;
    private long _number = 1;

    public SnapshotFileWriter(IDiskFile file, SnapshotHeader header, byte[]? key)
    {
        _file = file;
        _header = header;
        _chunks = new SnapshotChunks(header, key);
        _chunk = new byte[(int)Math.Min(header.ChunkBytes, header.BodyBytes) + header.ChunkOverheadBytes];
    }

    /// <summary>Writes the header and the meta.</summary>
    public void WriteMeta(ReadOnlySpan<byte> meta)
    {
        var head = new byte[SnapshotHeader.Bytes + meta.Length + _header.ChunkOverheadBytes];
        _header.Write(head);
        meta.CopyTo(head.AsSpan(SnapshotHeader.Bytes));
        _chunks.Seal(0, head.AsSpan(SnapshotHeader.Bytes));
        _file.Write(0, head);
    }

    /// <summary>Adds to the body.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var taken = Math.Min(bytes.Length, _header.LengthOf(_number) - _filled);
            bytes[..taken].CopyTo(_chunk.AsSpan(_filled));
            _filled += taken;
            bytes = bytes[taken..];
            if (_filled == _header.LengthOf(_number)) WriteChunk();
        }
    }

    /// <summary>Ends the file; the whole body was appended.</summary>
    public void WriteTrailer()
    {
        Span<byte> trailer = stackalloc byte[SnapshotHeader.TrailerBytes];
        _header.WriteTrailer(trailer);
        _file.Write(_header.TrailerOffset, trailer);
    }

    /// <summary>Makes the content durable.</summary>
    public void Sync() => _file.Sync();

    public void Dispose()
    {
        _chunks.Dispose();
        _file.Dispose();
    }

    private void WriteChunk()
    {
        var stored = _chunk.AsSpan(0, _filled + _header.ChunkOverheadBytes);
        _chunks.Seal(_number, stored);
        _file.Write(_header.OffsetOf(_number), stored);
        _number++;
        _filled = 0;
    }
}
