using System.Buffers;
using System.Buffers.Binary;
using TokMesh.State.Errors;

namespace TokMesh.State.Snapshots;

/// <summary>Reads the wire forms from a sequence of segments; what is missing is a <see cref="CorruptSnapshotException"/>.</summary>
internal ref struct SequenceWire(ReadOnlySequence<byte> source)
{
    private SequenceReader<byte> _reader = new(source);

    public readonly bool AtEnd => _reader.End;

    public byte Byte() => _reader.TryRead(out var value) ? value : throw Short();

    /// <summary>0 or 1.</summary>
    public bool Flag()
    {
        var value = Byte();
        return value <= 1 ? value == 1 : throw new CorruptSnapshotException("The snapshot has a flag that is neither 0 nor 1.");
    }

    public ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            if (shift == 63 && next > 1) break;
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
        throw new CorruptSnapshotException("The snapshot has a number that is too long.");
    }

    public long Int64() => _reader.TryReadLittleEndian(out long value) ? value : throw Short();

    public UInt128 UInt128()
    {
        Span<byte> bytes = stackalloc byte[16];
        Fill(bytes);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>An element count, which cannot exceed the bytes left.</summary>
    public int Count() => Length(Varint());

    /// <summary>Length-prefixed bytes in an array of their own.</summary>
    public byte[] Bytes()
    {
        var length = Length(Varint());
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        Fill(bytes);
        return bytes;
    }

    private void Fill(scoped Span<byte> target)
    {
        if (!_reader.TryCopyTo(target)) throw Short();
        _reader.Advance(target.Length);
    }

    private readonly int Length(ulong length) => length <= (ulong)Math.Min(_reader.Remaining, Array.MaxLength) ? (int)length : throw Short();

    private static CorruptSnapshotException Short() => new("The snapshot ends early.");
}
