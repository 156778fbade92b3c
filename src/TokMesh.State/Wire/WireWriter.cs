using System.Buffers;
using System.Buffers.Binary;

namespace TokMesh.State.Wire;

/// <summary>The primitive forms every op, query, reply and snapshot is made of.</summary>
internal static class WireWriter
{
    /// <summary>Bytes a varint of <paramref name="value"/> takes, 1 to 10.</summary>
    public static int VarintSize(ulong value)
    {
        var size = 1;
        while (value >= 0x80)
        {
            value >>= 7;
            size++;
        }
        return size;
    }

    /// <summary>LEB128; returns the bytes written.</summary>
    public static int PutVarint(Span<byte> target, ulong value)
    {
        var at = 0;
        while (value >= 0x80)
        {
            target[at++] = (byte)(value | 0x80);
            value >>= 7;
        }
        target[at++] = (byte)value;
        return at;
    }

    public static void WriteByte(this IBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    public static void WriteVarint(this IBufferWriter<byte> output, ulong value)
        => output.Advance(PutVarint(output.GetSpan(10), value));

    public static void WriteInt64(this IBufferWriter<byte> output, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    public static void WriteUInt64(this IBufferWriter<byte> output, ulong value)
        => output.WriteInt64((long)value);

    public static void WriteUInt16(this IBufferWriter<byte> output, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(output.GetSpan(2), value);
        output.Advance(2);
    }

    /// <summary>16 bytes, big-endian, so that byte order is value order.</summary>
    public static void WriteUInt128(this IBufferWriter<byte> output, UInt128 value)
    {
        BinaryPrimitives.WriteUInt128BigEndian(output.GetSpan(16), value);
        output.Advance(16);
    }

    /// <summary>A varint length, then the bytes.</summary>
    public static void WriteBytes(this IBufferWriter<byte> output, ReadOnlySpan<byte> value)
    {
        output.WriteVarint((ulong)value.Length);
        output.Write(value);
    }
}
