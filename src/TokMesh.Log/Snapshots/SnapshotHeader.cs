using System.Buffers.Binary;
using TokMesh.Log.Encryption;
using TokMesh.Log.Format;

namespace TokMesh.Log.Snapshots;

/// <summary>
/// A snapshot file, little-endian:
/// <code>
/// header   0 magic "TMSNAPSH"     8 version u16         10 cipher u8, zero u8    12 chunk bytes u32
///         16 group u32           20 meta bytes u32      24 index u64             32 term u64
///         40 body bytes u64      48 salt, 16 bytes      64 zero u32              68 CRC-32C of bytes 0..67
/// chunks  the meta (number 0), then the body in pieces of "chunk bytes" (1, 2, ...), each: stored bytes, tag (16, when
///         encrypted), CRC-32C of header bytes 0..67, number u64, stored bytes and tag. The first two are authenticated.
/// trailer  0 magic "TMSNAPED"     8 chunk count u64     16 file bytes u64        24 zero u32   28 CRC-32C of bytes 0..27
/// </code>
/// Lengths in the header give every chunk its place, so any part of the body can be read alone.
/// </summary>
internal readonly record struct SnapshotHeader(
    SnapshotName Name, CipherId Cipher, int ChunkBytes, int MetaBytes, long BodyBytes, UInt128 Salt)
{
    public const int Bytes = 72;
    public const int TrailerBytes = 32;
    public const ushort Version = 1;

    /// <summary>How many of the header's first bytes every chunk is bound to: all but the checksum.</summary>
    public const int AssociatedBytes = 68;

    public static ReadOnlySpan<byte> KeyPurpose => "tokmesh snapshot"u8;

    public int ChunkOverheadBytes => (Cipher == CipherId.None ? 0 : BodyCipher.TagBytes) + sizeof(uint);

    /// <summary>How many chunks the body takes.</summary>
    public long BodyChunks => (BodyBytes + ChunkBytes - 1) / ChunkBytes;

    public long FileBytes => TrailerOffset + TrailerBytes;

    public long TrailerOffset => OffsetOf(1) + BodyBytes + BodyChunks * ChunkOverheadBytes;

    private static ReadOnlySpan<byte> Magic => "TMSNAPSH"u8;

    private static ReadOnlySpan<byte> TrailerMagic => "TMSNAPED"u8;

    /// <summary>Where a chunk is in the file; number 0 is the meta.</summary>
    public long OffsetOf(long number) =>
        number == 0 ? Bytes : Bytes + MetaBytes + ChunkOverheadBytes + (number - 1) * ((long)ChunkBytes + ChunkOverheadBytes);

    /// <summary>How many bytes a chunk holds; number 0 is the meta.</summary>
    public int LengthOf(long number) =>
        number == 0 ? MetaBytes : (int)Math.Min(ChunkBytes, BodyBytes - (number - 1) * ChunkBytes);

    public void Write(Span<byte> target)
    {
        target = target[..Bytes];
        target.Clear();
        Magic.CopyTo(target);
        BinaryPrimitives.WriteUInt16LittleEndian(target[8..], Version);
        target[10] = (byte)Cipher;
        BinaryPrimitives.WriteUInt32LittleEndian(target[12..], (uint)ChunkBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(target[16..], Name.Group);
        BinaryPrimitives.WriteUInt32LittleEndian(target[20..], (uint)MetaBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], Name.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], Name.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(target[40..], (ulong)BodyBytes);
        BinaryPrimitives.WriteUInt128LittleEndian(target[48..], Salt);
        CheckedBlock.Seal(target[..Bytes]);
    }

    /// <summary>False when the bytes are no header or one that cannot be; <paramref name="version"/> is set if it is one of any version.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out SnapshotHeader header, out ushort version)
    {
        header = default;
        version = 0;
        if (!CheckedBlock.IsIntact(source, Bytes, Magic)) return false;
        version = BinaryPrimitives.ReadUInt16LittleEndian(source[8..]);
        header = new SnapshotHeader(
            new SnapshotName(
                BinaryPrimitives.ReadUInt32LittleEndian(source[16..]),
                BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
                BinaryPrimitives.ReadUInt64LittleEndian(source[32..])),
            (CipherId)source[10],
            (int)BinaryPrimitives.ReadUInt32LittleEndian(source[12..]),
            (int)BinaryPrimitives.ReadUInt32LittleEndian(source[20..]),
            (long)BinaryPrimitives.ReadUInt64LittleEndian(source[40..]),
            BinaryPrimitives.ReadUInt128LittleEndian(source[48..]));
        return version != Version || (header.ChunkBytes > 0 && header.MetaBytes >= 0 && header.BodyBytes >= 0);
    }

    public void WriteTrailer(Span<byte> target)
    {
        target = target[..TrailerBytes];
        target.Clear();
        TrailerMagic.CopyTo(target);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], (ulong)BodyChunks + 1);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], (ulong)FileBytes);
        CheckedBlock.Seal(target);
    }

    /// <summary>Whether these are exactly this file's last bytes.</summary>
    public bool IsTrailer(ReadOnlySpan<byte> source)
    {
        Span<byte> expected = stackalloc byte[TrailerBytes];
        WriteTrailer(expected);
        return source.SequenceEqual(expected);
    }
}
