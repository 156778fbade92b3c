using System.Buffers.Binary;

namespace TokMesh.Log.Format;

/// <summary>A block of a file that begins with what it is, and ends with the CRC-32C of all before that.</summary>
internal static class CheckedBlock
{
    /// <summary>Writes the checksum into the block's last four bytes.</summary>
    public static void Seal(Span<byte> block) => BinaryPrimitives.WriteUInt32LittleEndian(block[^sizeof(uint)..], Crc32C.Compute(block[..^sizeof(uint)]));

    /// <summary>Whether the bytes begin with such a block of that length, as it was sealed.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> source, int bytes, ReadOnlySpan<byte> magic) => source.Length >= bytes && source.StartsWith(magic)
        && BinaryPrimitives.ReadUInt32LittleEndian(source[(bytes - sizeof(uint))..]) == Crc32C.Compute(source[..(bytes - sizeof(uint))]);
}
