using System.Buffers.Binary;

namespace TokMesh.Log.Format;

/// <summary>
/// The 36 bytes before a frame's stored body, little-endian:
/// <code>
///  0  magic "TMFR"     4  stored body bytes u32     8  sequence u64     16  segment id u64
/// 24  kind u8         25  zero, 3 bytes            28  CRC-32C of the stored body     32  CRC-32C of bytes 0..31
/// </code>
/// The stored body is the records, or, encrypted, nonce (12), ciphertext and tag (16) with bytes 0..27 authenticated.
/// Checksums cover what is stored, so damage is told apart from a wrong key without having the key.
/// </summary>
internal readonly record struct FrameHeader(int BodyBytes, ulong Sequence, ulong SegmentId, FrameKind Kind, uint BodyCrc)
{
    public const int Bytes = 36;

    /// <summary>How many of the header's first bytes the cipher authenticates: all but the checksums.</summary>
    public const int AssociatedBytes = 28;

    public static ReadOnlySpan<byte> Magic => "TMFR"u8;

    /// <summary>Writes the part that <see cref="AssociatedBytes"/> covers, which must stand before the body is sealed.</summary>
    public static void WriteFields(Span<byte> target, int bodyBytes, ulong sequence, ulong segmentId, FrameKind kind)
    {
        Magic.CopyTo(target);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], (uint)bodyBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], segmentId);
        BinaryPrimitives.WriteUInt32LittleEndian(target[24..], (byte)kind);
    }

    /// <summary>Completes a header whose fields and body stand.</summary>
    public static void WriteChecksums(Span<byte> target, ReadOnlySpan<byte> body)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target[28..], Crc32C.Compute(body));
        CheckedBlock.Seal(target[..Bytes]);
    }

    /// <summary>Reads a frame whose header and body are both whole; false otherwise.</summary>
    public static bool TryReadFrame(ReadOnlySpan<byte> source, out FrameHeader header)
    {
        header = default;
        if (!CheckedBlock.IsIntact(source, Bytes, Magic)) return false;
        var bodyBytes = BinaryPrimitives.ReadUInt32LittleEndian(source[4..]);
        if (bodyBytes > (uint)(source.Length - Bytes)) return false;
        header = new FrameHeader(
            (int)bodyBytes,
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            (FrameKind)source[24],
            BinaryPrimitives.ReadUInt32LittleEndian(source[28..]));
        return header.BodyCrc == Crc32C.Compute(source.Slice(Bytes, header.BodyBytes));
    }
}
