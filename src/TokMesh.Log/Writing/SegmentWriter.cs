using TokMesh.Log.Disks;
using TokMesh.Log.Encryption;
using TokMesh.Log.Format;

namespace TokMesh.Log.Writing;

/// <summary>The segment that is being written. Everything it returns from is durable.</summary>
internal sealed class SegmentWriter : IDisposable
{
    public static ReadOnlySpan<byte> KeyPurpose => "tokmesh wal"u8;

    private readonly IDiskFile _file;
    private readonly BodyCipher? _cipher;
    private readonly Action<Span<byte>> _fillRandom;
    private readonly ulong _segmentId;

    private SegmentWriter(IDiskFile file, SegmentHeader header, long offset, WriteAheadLogOptions options)
    {
        _file = file;
        _cipher = BodyCipher.Create(header.Cipher, options.Key, header.Salt, KeyPurpose);
        _fillRandom = options.FillRandom;
        _segmentId = header.SegmentId;
        Offset = offset;
    }

    /// <summary>Where the next frame goes.</summary>
    public long Offset { get; private set; }

    /// <summary>
    /// Makes a segment. <paramref name="headed"/> is room for its header, then its framed checkpoint. Content and name are
    /// durable on return: a frame in a segment whose name a power cut takes away would be acknowledged and lost.
    /// </summary>
    public static SegmentWriter Create(
        IDisk disk, WriteAheadLogOptions options, uint number, long allocateBytes, ulong sequence, Span<byte> headed)
    {
        Span<byte> salt = stackalloc byte[16];
        options.FillRandom(salt);
        var header = new SegmentHeader(
            number,
            sequence,
            options.Key is null ? CipherId.None : BodyCipher.Preferred,
            System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(salt));

        var writer = new SegmentWriter(disk.Create(SegmentName.Of(number), allocateBytes), header, SegmentHeader.Bytes, options);
        try
        {
            header.Write(headed);
            writer.Seal(headed[SegmentHeader.Bytes..], FrameKind.Checkpoint, sequence);
            writer._file.Write(0, headed);
            writer._file.Sync();
            disk.SyncDirectory();
            writer.Offset = headed.Length;
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Goes on in a segment that recovery has read up to <paramref name="offset"/>; see <see cref="Secure"/>.</summary>
    public static SegmentWriter Resume(IDisk disk, WriteAheadLogOptions options, SegmentHeader header, long offset) =>
        new(disk.Open(SegmentName.Of(header.Number)), header, offset, options);

    /// <summary>
    /// Makes sure that what recovery hands out is on the disk, and nothing else: writes the last whole frame once more, zeroes
    /// <paramref name="tailBytes"/> behind it, and syncs. A process that died may have left a frame that was read back from memory.
    /// If it died of a failed sync, the system takes that memory for stored: only writing it again makes a sync store it. All
    /// earlier frames were synced before the last one was written.
    /// </summary>
    public void Secure(long lastFrame, long tailBytes)
    {
        const int BlockBytes = 64 * 1024;
        var block = new byte[BlockBytes];
        for (var at = lastFrame; at < Offset;)
        {
            var read = _file.Read(at, block.AsSpan(0, (int)Math.Min(block.Length, Offset - at)));
            if (read == 0) throw new IOException("The log became shorter while it was read.");
            _file.Write(at, block.AsSpan(0, read));
            at += read;
        }
        Array.Clear(block);
        for (long done = 0; done < tailBytes; done += block.Length) _file.Write(Offset + done, block.AsSpan(0, (int)Math.Min(block.Length, tailBytes - done)));
        _file.Sync();
    }

    /// <summary>Seals a frame in place, writes and syncs it.</summary>
    public void WriteFrame(Span<byte> framed, ulong sequence)
    {
        Seal(framed, FrameKind.Commit, sequence);
        _file.Write(Offset, framed);
        _file.Sync();
        Offset += framed.Length;
    }

    public void Dispose()
    {
        _cipher?.Dispose();
        _file.Dispose();
    }

    private void Seal(Span<byte> framed, FrameKind kind, ulong sequence)
    {
        var body = framed[FrameHeader.Bytes..];
        FrameHeader.WriteFields(framed, body.Length, sequence, _segmentId, kind);
        if (_cipher is not null)
        {
            var nonce = body[..BodyCipher.NonceBytes];
            _fillRandom(nonce);
            _cipher.Seal(
                nonce,
                framed[..FrameHeader.AssociatedBytes],
                body[BodyCipher.NonceBytes..^BodyCipher.TagBytes],
                body[^BodyCipher.TagBytes..]);
        }
        FrameHeader.WriteChecksums(framed, body);
    }
}
