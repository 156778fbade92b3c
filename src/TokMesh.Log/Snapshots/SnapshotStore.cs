using System.Buffers;
using System.Buffers.Binary;
using TokMesh.Log.Disks;
using TokMesh.Log.Encryption;
using TokMesh.Log.Format;
using TokMesh.Log.Writing;

namespace TokMesh.Log.Snapshots;

/// <summary>
/// The snapshot files of a node's groups. A snapshot is there as a whole or not at all: it is written aside, synced, renamed,
/// and the directory synced. A plain object: one caller at a time; several stores may share a disk as long as each group is
/// touched by one of them alone. Open the log first: it removes what crashes left behind.
/// </summary>
public sealed class SnapshotStore
{
    private readonly IDisk _disk;
    private readonly SnapshotStoreOptions _options;
    private Exception? _failure;

    // The body chunk read last: a reader that takes a chunk in small pieces pays for it once.
    private byte[] _chunk = [];
    private int _chunkLength;
    private SnapshotName? _chunkOf;
    private long _chunkStart;

    /// <summary>A store on <paramref name="disk"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public SnapshotStore(IDisk disk, SnapshotStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _disk = disk;
        _options = options;
    }

    /// <summary>Writes a snapshot; it is durable on return. Tell the log with a mark or a reset after that, never before.</summary>
    /// <exception cref="LogFailedException">A sync or rename failed, now or before; the store refuses to write from here on.</exception>
    /// <exception cref="IOException">The disk is full or refused a write. Nothing changed; it may be tried again later.</exception>
    public SnapshotInfo Write(uint group, ulong index, ulong term, ReadOnlySpan<byte> meta, ReadOnlySpan<byte> body) =>
        Write(new SnapshotName(group, index, term), meta, body, ReadOnlySequence<byte>.Empty);

    /// <summary>Writes a snapshot; it is durable on return. Tell the log with a mark or a reset after that, never before.</summary>
    /// <exception cref="LogFailedException">A sync or rename failed, now or before; the store refuses to write from here on.</exception>
    /// <exception cref="IOException">The disk is full or refused a write. Nothing changed; it may be tried again later.</exception>
    public SnapshotInfo Write(uint group, ulong index, ulong term, ReadOnlySpan<byte> meta, ReadOnlySequence<byte> body) =>
        Write(new SnapshotName(group, index, term), meta, default, body);

    /// <summary>A group's newest snapshot that is whole in shape (its chunks are checked when read), or null.</summary>
    /// <exception cref="LogUnreadableException">The key does not fit, or a newer version wrote it.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    public SnapshotInfo? Latest(uint group) =>
        SnapshotSearch.Newest(_disk, _options.Key, SnapshotName.Of(_disk.List(), group), downToIndex: 0, out _);

    /// <summary>A snapshot's meta.</summary>
    /// <exception cref="SnapshotDamagedException">The file is not as it was written.</exception>
    /// <exception cref="LogUnreadableException">It cannot be decrypted.</exception>
    /// <exception cref="IOException">The disk refused, or the snapshot is gone.</exception>
    public byte[] ReadMeta(SnapshotInfo snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        using var reader = SnapshotReader.Open(_disk, snapshot.Name, _options.Key);
        return reader.ReadMeta();
    }

    /// <summary>A snapshot's whole body, every chunk checked.</summary>
    /// <exception cref="SnapshotDamagedException">The file is not as it was written.</exception>
    /// <exception cref="LogUnreadableException">It cannot be decrypted.</exception>
    /// <exception cref="IOException">The disk refused, or the snapshot is gone.</exception>
    public byte[] ReadBody(SnapshotInfo snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        using var reader = SnapshotReader.Open(_disk, snapshot.Name, _options.Key);
        var header = reader.Header;
        var body = new byte[header.BodyBytes];
        var buffer = new byte[(int)Math.Min(header.ChunkBytes, header.BodyBytes) + header.ChunkOverheadBytes];
        for (long number = 1; number <= header.BodyChunks; number++)
            reader.ReadChunk(number, buffer).CopyTo(body.AsSpan((int)((number - 1) * header.ChunkBytes)));
        return body;
    }

    /// <summary>
    /// Reads the body from <paramref name="offset"/> into <paramref name="target"/>; returns how much, less than asked only
    /// at the body's end. The snapshot is named by index and term, so a newer one never mixes in.
    /// </summary>
    /// <exception cref="SnapshotDamagedException">The file is not as it was written.</exception>
    /// <exception cref="LogUnreadableException">It cannot be decrypted.</exception>
    /// <exception cref="IOException">The disk refused, or the snapshot is gone.</exception>
    public int ReadChunk(SnapshotInfo snapshot, long offset, Span<byte> target)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var total = 0;
        while (total < target.Length && offset + total < snapshot.BodyBytes)
        {
            var rest = BodyAt(snapshot, offset + total);
            var taken = Math.Min(rest.Length, target.Length - total);
            rest[..taken].CopyTo(target[total..]);
            total += taken;
        }
        return total;
    }

    /// <summary>Deletes a group's snapshots below <paramref name="index"/>; <see cref="ulong.MaxValue"/> for all.</summary>
    /// <exception cref="LogFailedException">The store failed, now or before.</exception>
    public void DeleteOlderThan(uint group, ulong index)
    {
        ThrowIfFailed();
        var names = SnapshotName.Of(_disk.List(), group);
        names.RemoveAll(name => name.Index >= index);
        if (names.Count == 0) return;
        _chunkOf = null;
        try
        {
            foreach (var name in names) _disk.Delete(name.FileName);
            _disk.SyncDirectory();
        }
        catch (IOException e)
        {
            throw Fail("Deleting a snapshot failed", e);
        }
    }

    private SnapshotInfo Write(SnapshotName name, ReadOnlySpan<byte> meta, ReadOnlySpan<byte> first, ReadOnlySequence<byte> rest)
    {
        ThrowIfFailed();
        var header = NewHeader(name, meta.Length, first.Length + rest.Length);
        var partial = name.FileName + PartialFiles.Suffix;
        if (_disk.Exists(partial)) _disk.Delete(partial);
        _chunkOf = null;

        using (var writer = new SnapshotFileWriter(_disk.Create(partial, header.FileBytes), header, _options.Key))
        {
            writer.WriteMeta(meta);
            writer.Append(first);
            foreach (var piece in rest) writer.Append(piece.Span);
            writer.WriteTrailer();
            try
            {
                writer.Sync();
            }
            catch (IOException e)
            {
                throw Fail("Syncing a snapshot failed", e);
            }
        }
        try
        {
            _disk.Rename(partial, name.FileName);
            _disk.SyncDirectory();
        }
        catch (IOException e)
        {
            throw Fail("Putting a snapshot in place failed", e);
        }
        return new SnapshotInfo(name.Group, name.Index, name.Term, header.MetaBytes, header.BodyBytes);
    }

    private SnapshotHeader NewHeader(SnapshotName name, int metaBytes, long bodyBytes)
    {
        Span<byte> salt = stackalloc byte[16];
        _options.FillRandom(salt);
        return new SnapshotHeader(
            name,
            _options.Key is null ? CipherId.None : BodyCipher.Preferred,
            _options.ChunkBytes,
            metaBytes,
            bodyBytes,
            BinaryPrimitives.ReadUInt128LittleEndian(salt));
    }

    // The rest of the chunk at an offset of the body, from the chunk read last if it is that one.
    private ReadOnlySpan<byte> BodyAt(SnapshotInfo snapshot, long offset)
    {
        var isCached = _chunkOf == snapshot.Name;
        using var reader = isCached && IsInChunk(offset) ? null : SnapshotReader.Open(_disk, snapshot.Name, _options.Key);
        if (reader is not null)
        {
            var header = reader.Header;
            _chunkOf = null;
            var needed = header.ChunkBytes + header.ChunkOverheadBytes;
            if (_chunk.Length < needed) _chunk = new byte[needed];
            var number = offset / header.ChunkBytes + 1;
            _chunkLength = reader.ReadChunk(number, _chunk).Length;
            _chunkStart = (number - 1) * header.ChunkBytes;
            _chunkOf = snapshot.Name;
        }
        return _chunk.AsSpan(0, _chunkLength)[(int)(offset - _chunkStart)..];
    }

    private bool IsInChunk(long offset) => offset >= _chunkStart && offset < _chunkStart + _chunkLength;

    private LogFailedException Fail(string what, IOException cause)
    {
        _failure = cause;
        return new LogFailedException(what, cause);
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null) throw new LogFailedException("The snapshot store failed before", _failure);
    }
}
