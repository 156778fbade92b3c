using System.Buffers;
using TokMesh.State.Wire;

namespace TokMesh.State.Entries;

/// <summary>
/// Writes one section of an entry: consecutive operations of one origin.
/// <c>origin:u64 LE | floor:varint | firstSeq:varint | count:varint | count × (len:varint, op bytes)</c>.
/// </summary>
public static class SectionWriter
{
    /// <summary>
    /// The head. <paramref name="floor"/> is the lowest sequence number whose reply the origin still waits for; the
    /// <paramref name="count"/> operations that follow (at least 1) have the numbers from <paramref name="firstSeq"/> on.
    /// </summary>
    public static void WriteHead(IBufferWriter<byte> output, ulong origin, ulong floor, ulong firstSeq, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(firstSeq, 1ul);
        output.WriteUInt64(origin);
        output.WriteVarint(floor);
        output.WriteVarint(firstSeq);
        output.WriteVarint((ulong)count);
    }

    /// <summary>The next operation.</summary>
    public static void WriteOp(IBufferWriter<byte> output, ReadOnlySpan<byte> op) => output.WriteBytes(op);
}
