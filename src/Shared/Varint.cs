using System.Buffers;

namespace TokMesh;

/// <summary>Unsigned LEB128: seven bits a byte, least significant first, at most ten bytes.</summary>
/// <remarks>Compiled into both projects that need it, so that Raft stays free of references.</remarks>
internal static class Varint
{
    public const int MaxBytes = 10;

    public static void Write(IBufferWriter<byte> output, ulong value)
    {
        var span = output.GetSpan(MaxBytes);
        output.Advance(Write(span, value));
    }

    public static int Write(Span<byte> output, ulong value)
    {
        var i = 0;
        while (value >= 0x80)
        {
            output[i++] = (byte)(value | 0x80);
            value >>= 7;
        }
        output[i++] = (byte)value;
        return i;
    }

    public static int Size(ulong value) => (63 - System.Numerics.BitOperations.LeadingZeroCount(value | 1)) / 7 + 1;

    /// <exception cref="FormatException">The input ends inside the number, or the number does not fit 64 bits.</exception>
    public static ulong Read(ref ReadOnlySpan<byte> input)
    {
        ulong value = 0;
        for (var i = 0; i < input.Length && i < MaxBytes; i++)
        {
            var b = input[i];
            if (i == MaxBytes - 1 && b > 1) break;
            value |= (ulong)(b & 0x7f) << (7 * i);
            if ((b & 0x80) == 0)
            {
                input = input[(i + 1)..];
                return value;
            }
        }
        throw new FormatException(input.Length >= MaxBytes ? "A number does not fit 64 bits." : "The input ends inside a number.");
    }

    /// <exception cref="FormatException">The input ends before the announced length.</exception>
    public static ReadOnlySpan<byte> ReadBytes(ref ReadOnlySpan<byte> input)
    {
        var length = Read(ref input);
        if (length > (ulong)input.Length) throw new FormatException($"{length} bytes announced, {input.Length} present.");
        var bytes = input[..(int)length];
        input = input[(int)length..];
        return bytes;
    }

    public static void WriteBytes(IBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        Write(output, (ulong)bytes.Length);
        output.Write(bytes);
    }
}
