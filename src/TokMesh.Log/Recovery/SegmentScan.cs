using TokMesh.Log.Encryption;
using TokMesh.Log.Format;
using TokMesh.Log.Writing;

namespace TokMesh.Log.Recovery;

/// <summary>
/// Reads one segment, changing nothing. Tells three things apart: where its whole frames end, whether anything stands
/// behind them, and whether what stands there is a whole frame, which means damage and not a crash.
/// </summary>
internal sealed class SegmentScan
{
    private SegmentScan(uint number, SegmentHeader? header, bool hasCheckpoint, long lastFrame, long end, long tailBytes, ulong nextSequence, long length, bool hasFrameBehind)
    {
        Number = number;
        Header = header;
        HasCheckpoint = hasCheckpoint;
        LastFrame = lastFrame;
        End = end;
        TailBytes = tailBytes;
        NextSequence = nextSequence;
        Length = length;
        HasFrameBehind = hasFrameBehind;
    }

    public uint Number { get; }

    /// <summary>Null when the file has no whole header.</summary>
    public SegmentHeader? Header { get; }

    /// <summary>Whether the segment was made to the end: its header and first frame are whole.</summary>
    public bool HasCheckpoint { get; }

    /// <summary>Where the last whole frame begins; of a segment with one frame, where the header that was written with it does.</summary>
    public long LastFrame { get; }

    /// <summary>Where the whole frames end.</summary>
    public long End { get; }

    /// <summary>How far bytes other than zero reach beyond <see cref="End"/>.</summary>
    public long TailBytes { get; }

    /// <summary>The sequence of the frame that belongs at <see cref="End"/>.</summary>
    public ulong NextSequence { get; }

    /// <summary>The file's length.</summary>
    public long Length { get; }

    /// <summary>Whether a whole frame stands somewhere beyond <see cref="End"/>.</summary>
    public bool HasFrameBehind { get; }

    /// <summary>Reads segment <paramref name="number"/>, the one after <paramref name="previous"/>, from its bytes, which decryption overwrites.</summary>
    /// <exception cref="LogUnreadableException">The key does not fit, or a newer version wrote it.</exception>
    /// <exception cref="LogDamagedException">It does not follow the previous one, or a whole frame holds something impossible.</exception>
    public static SegmentScan Read(uint number, SegmentScan? previous, Span<byte> bytes, byte[]? key, LogReplay replay)
    {
        if (!SegmentHeader.TryRead(bytes, out var header, out var version))
            return new SegmentScan(number, null, false, 0, 0, TailOf(bytes, 0), 0, bytes.Length, HasFrame(bytes, 0, segmentId: null));

        var file = SegmentName.Of(number);
        CheckReadable(file, header, version, key);
        if (header.Number != number) throw new LogDamagedException(file, 0, $"its header says it is segment {header.Number}");
        // Before anything of this segment is taken in, since it would only seem wrong after what is missing.
        if (previous is not null && header.FirstSequence != previous.NextSequence)
            throw new LogDamagedException(
                SegmentName.Of(previous.Number), previous.End,
                $"frame {previous.NextSequence} is broken or missing: the next segment begins with {header.FirstSequence}");

        using var cipher = BodyCipher.Create(header.Cipher, key, header.Salt, SegmentWriter.KeyPurpose);
        long end = SegmentHeader.Bytes;
        long lastFrame = 0;
        var sequence = header.FirstSequence;
        while (FrameHeader.TryReadFrame(bytes[(int)end..], out var frame)
            && frame.SegmentId == header.SegmentId
            && frame.Sequence == sequence
            && frame.Kind == (sequence == header.FirstSequence ? FrameKind.Checkpoint : FrameKind.Commit))
        {
            var stored = FrameHeader.Bytes + frame.BodyBytes;
            lastFrame = sequence == header.FirstSequence ? 0 : end;
            replay.Apply(OpenBody(file, bytes.Slice((int)end, stored), cipher), number, end);
            end += stored;
            sequence++;
        }
        var tail = TailOf(bytes, end);
        return new SegmentScan(
            number, header, sequence > header.FirstSequence, lastFrame, end, tail, sequence, bytes.Length,
            tail > 0 && HasFrame(bytes, end, header.SegmentId));
    }

    private static void CheckReadable(string file, SegmentHeader header, ushort version, byte[]? key)
    {
        if (version != SegmentHeader.Version)
            throw new LogUnreadableException(file, $"it has format version {version}, this program knows {SegmentHeader.Version}. Run the version that wrote it, or a newer one");
        CipherCheck.ThrowUnlessFits(file, header.Cipher, key);
    }

    private static ReadOnlySpan<byte> OpenBody(string file, Span<byte> framed, BodyCipher? cipher)
    {
        var body = framed[FrameHeader.Bytes..];
        if (cipher is null) return body;
        Span<byte> text = default;
        var isOpen = body.Length >= BodyCipher.NonceBytes + BodyCipher.TagBytes;
        if (isOpen)
        {
            text = body[BodyCipher.NonceBytes..^BodyCipher.TagBytes];
            isOpen = cipher.TryOpen(body[..BodyCipher.NonceBytes], framed[..FrameHeader.AssociatedBytes], text, body[^BodyCipher.TagBytes..]);
        }
        return isOpen ? text : throw CipherCheck.CannotDecrypt(file);
    }

    private static long TailOf(ReadOnlySpan<byte> bytes, long end) =>
        end >= bytes.Length ? 0 : bytes[(int)end..].LastIndexOfAnyExcept((byte)0) + 1;

    // The segment's id in a frame is random, so bytes a client chose, inside an entry of a torn frame, cannot pass for one.
    // Without a header the id is unknown and any frame counts: better to stop than to drop something durable.
    private static bool HasFrame(ReadOnlySpan<byte> bytes, long from, ulong? segmentId)
    {
        var rest = bytes[(int)from..];
        int at;
        while ((at = rest.IndexOf(FrameHeader.Magic)) >= 0)
        {
            if (FrameHeader.TryReadFrame(rest[at..], out var frame) && (segmentId is null || frame.SegmentId == segmentId)) return true;
            rest = rest[(at + 1)..];
        }
        return false;
    }
}
