using System.Buffers.Binary;

namespace TokMesh.State.Wire;

/// <summary>
/// Reads what <see cref="WireWriter"/> wrote. A read that does not fit marks the reader failed and gives a default, so that
/// a decoder is straight-line code and asks once, at the end, whether it all was there (<see cref="AtEnd"/>).
/// </summary>
internal ref struct WireReader(ReadOnlySpan<byte> source)
{
    private ReadOnlySpan<byte> _rest = source;

    public bool Failed { get; private set; }

    /// <summary>Everything was read, and nothing was missing.</summary>
    public readonly bool AtEnd => !Failed && _rest.IsEmpty;

    public readonly ReadOnlySpan<byte> Rest => _rest;

    public void Fail()
    {
        Failed = true;
        _rest = default;
    }

    public ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)_rest.Length)
        {
            Fail();
            return default;
        }
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    public byte Byte()
    {
        var taken = Take(1);
        return taken.IsEmpty ? (byte)0 : taken[0];
    }

    public ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0, at = 0; at < _rest.Length && at < 10; shift += 7, at++)
        {
            var next = _rest[at];
            if (shift == 63 && next > 1) break;
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                _rest = _rest[(at + 1)..];
                return value;
            }
        }
        Fail();
        return 0;
    }

    public ushort UInt16()
    {
        var taken = Take(2);
        return taken.IsEmpty ? (ushort)0 : BinaryPrimitives.ReadUInt16LittleEndian(taken);
    }

    public long Int64()
    {
        var taken = Take(8);
        return taken.IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(taken);
    }

    public ulong UInt64() => (ulong)Int64();

    public UInt128 UInt128()
    {
        var taken = Take(16);
        return taken.IsEmpty ? default : BinaryPrimitives.ReadUInt128BigEndian(taken);
    }

    public ReadOnlySpan<byte> Bytes()
    {
        var length = Varint();
        if (length > (ulong)_rest.Length)
        {
            Fail();
            return default;
        }
        return Take((int)length);
    }

    /// <summary>
    /// An element count. Each element takes at least one byte, so a count beyond what is left is a lie and fails here,
    /// before a loop runs by it.
    /// </summary>
    public int Count()
    {
        var count = Varint();
        if (count > (ulong)_rest.Length)
        {
            Fail();
            return 0;
        }
        return (int)count;
    }

    /// <summary>An IP address: empty, 4 or 16 bytes.</summary>
    public ReadOnlySpan<byte> Ip()
    {
        var ip = Bytes();
        if (ip.Length is not (0 or 4 or 16)) Fail();
        return ip;
    }
}
