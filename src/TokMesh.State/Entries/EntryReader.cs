using TokMesh.State.Errors;
using TokMesh.State.Wire;

namespace TokMesh.State.Entries;

/// <summary>
/// Reads an entry's body section by section, operation by operation. Damage of any kind is a
/// <see cref="CorruptEntryException"/>. An empty body (Raft's no-op) has no stamp and no section.
/// </summary>
public ref struct EntryReader
{
    private WireReader _reader;
    private int _opsLeft;

    /// <summary>Opens a body.</summary>
    public EntryReader(ReadOnlySpan<byte> entry)
    {
        _reader = new WireReader(entry);
        if (!entry.IsEmpty) Stamp = _reader.Int64();
        if (_reader.Failed || Stamp < 0) throw new CorruptEntryException("The entry's stamp cannot be read.");
    }

    /// <summary>The leader's clock when it built the entry, Unix milliseconds.</summary>
    public long Stamp { get; }

    /// <summary>The current section's origin.</summary>
    public ulong Origin { get; private set; }

    /// <summary>The lowest sequence number whose reply the origin still waits for.</summary>
    public ulong Floor { get; private set; }

    /// <summary>The sequence number of the operation that <see cref="NextOp"/> gave last.</summary>
    public ulong Seq { get; private set; }

    /// <summary>Goes to the next section; false at the end. The current one must have been read to its end.</summary>
    public bool NextSection()
    {
        if (_opsLeft != 0) throw new InvalidOperationException("The section still has operations.");
        if (_reader.AtEnd) return false;
        Origin = _reader.UInt64();
        Floor = _reader.Varint();
        var first = _reader.Varint();
        _opsLeft = _reader.Count();
        if (_reader.Failed || _opsLeft == 0 || first == 0 || first > ulong.MaxValue - (ulong)_opsLeft)
            throw new CorruptEntryException("A section's head cannot be read.");
        Seq = first - 1;
        return true;
    }

    /// <summary>Goes to the section's next operation; false at its end.</summary>
    public bool NextOp(out ReadOnlySpan<byte> op)
    {
        op = default;
        if (_opsLeft == 0) return false;
        op = _reader.Bytes();
        if (_reader.Failed || op.IsEmpty) throw new CorruptEntryException("An operation runs past the entry's end.");
        _opsLeft--;
        Seq++;
        return true;
    }

    /// <summary>Throws unless every section and every operation in it can be read.</summary>
    public static void Verify(ReadOnlySpan<byte> entry)
    {
        var reader = new EntryReader(entry);
        while (reader.NextSection())
        {
            while (reader.NextOp(out var op))
            {
                if (!OpFormat.IsWellFormed(op))
                    throw new CorruptEntryException($"Operation {reader.Seq} of origin {reader.Origin} (code {op[0]}) cannot be read.");
            }
        }
    }

    /// <summary>Counts the operations of encoded sections; false when any of it is malformed or there is none.</summary>
    internal static bool TryCountOps(ReadOnlySpan<byte> sections, OpCheck canApply, out int ops)
    {
        var reader = new WireReader(sections);
        ops = 0;
        while (!reader.AtEnd)
        {
            reader.UInt64();
            reader.Varint();
            var first = reader.Varint();
            var count = reader.Count();
            if (reader.Failed || count == 0 || first == 0 || first > ulong.MaxValue - (ulong)count) return false;
            for (var i = 0; i < count; i++)
            {
                var op = reader.Bytes();
                if (reader.Failed || op.IsEmpty || !canApply(op)) return false;
            }
            ops += count;
        }
        return ops > 0;
    }
}
