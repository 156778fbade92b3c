using System.Buffers.Binary;

namespace TokMesh.Log.Format;

/// <summary>
/// The first 64 bytes of a segment, little-endian:
/// <code>
///  0  magic "TMWALSEG"      8  version u16     10  cipher u8     11  zero u8
/// 12  segment number u32   16  first frame sequence u64         24  salt, 16 random bytes
/// 40  zero, 20 bytes       60  CRC-32C of bytes 0..59
/// </code>
/// </summary>
internal readonly record struct SegmentHeader(uint Number, ulong FirstSequence, CipherId Cipher, UInt128 Salt)
{
    public const int Bytes = 64;
    public const ushort Version = 1;


    private static ReadOnlySpan<byte> Magic => "TMWALSEG"u8;

    /// <summary>Repeated in every frame of the segment, so that bytes which merely look like a frame do not pass for one.</summary>
    public ulong SegmentId => (ulong)Salt;

    public void Write(Span<byte> target)
    {
        target = target[..Bytes];
        target.Clear();
        Magic.CopyTo(target);
        BinaryPrimitives.WriteUInt16LittleEndian(target[8..], Version);
        target[10] = (byte)Cipher;
        BinaryPrimitives.WriteUInt32LittleEndian(target[12..], Number);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], FirstSequence);
        BinaryPrimitives.WriteUInt128LittleEndian(target[24..], Salt);
        CheckedBlock.Seal(target[..Bytes]);
    }

    /// <summary>False when the bytes are not a whole header; <paramref name="version"/> is set whenever they are one of any version.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out SegmentHeader header, out ushort version)
    {
        header = default;
        version = 0;
        if (!CheckedBlock.IsIntact(source, Bytes, Magic)) return false;
        version = BinaryPrimitives.ReadUInt16LittleEndian(source[8..]);
        header = new SegmentHeader(
            BinaryPrimitives.ReadUInt32LittleEndian(source[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            (CipherId)source[10],
            BinaryPrimitives.ReadUInt128LittleEndian(source[24..]));
        return true;
    }
}
