using System.Buffers.Binary;
using TokMesh.Log.Format;

namespace TokMesh.Log.Writing;

/// <summary>
/// Records that belong together: after a crash either all of a batch is there or none of it. Built by one producer, which
/// keeps it: <see cref="WriteAheadLog.Append"/> copies, after which the batch may be <see cref="Reset"/> and built anew
/// without allocating.
/// </summary>
public sealed class LogBatch
{
    /// <summary>The most a batch may hold, in bytes.</summary>
    public const int MaxBytes = 1 << 30;

    private const int InitialBytes = 4096;

    private byte[] _buffer = new byte[InitialBytes];

    /// <summary>The encoded records' length in bytes.</summary>
    public int Bytes { get; private set; }

    /// <summary>Whether nothing was added since the last <see cref="Reset"/>.</summary>
    public bool IsEmpty => Bytes == 0;

    internal ReadOnlySpan<byte> Records => _buffer.AsSpan(0, Bytes);

    /// <summary>
    /// An entry of a group. Supersedes every earlier entry of the group from <paramref name="index"/> on; must be above the
    /// group's base and at most one past its last entry.
    /// </summary>
    /// <exception cref="InvalidOperationException">The batch would exceed <see cref="MaxBytes"/>.</exception>
    public void AppendEntry(uint group, ulong index, ulong term, byte entryType, ReadOnlySpan<byte> payload)
    {
        var record = Grow(RecordFormat.EntryBytes, payload, RecordType.Entry, group);
        BinaryPrimitives.WriteUInt64LittleEndian(record[5..], index);
        BinaryPrimitives.WriteUInt64LittleEndian(record[13..], term);
        record[21] = entryType;
        BinaryPrimitives.WriteUInt32LittleEndian(record[22..], (uint)payload.Length);
    }

    /// <summary>A group's term and vote (0: none). The term never goes back; within a term a given vote stands.</summary>
    /// <exception cref="InvalidOperationException">The batch would exceed <see cref="MaxBytes"/>.</exception>
    public void AppendHardState(uint group, ulong term, uint vote)
    {
        var record = Grow(RecordFormat.HardStateBytes, default, RecordType.HardState, group);
        BinaryPrimitives.WriteUInt64LittleEndian(record[5..], term);
        BinaryPrimitives.WriteUInt32LittleEndian(record[13..], vote);
    }

    /// <summary>This node's own snapshot up to <paramref name="index"/> is durable: entries up to there may go.</summary>
    /// <exception cref="InvalidOperationException">The batch would exceed <see cref="MaxBytes"/>.</exception>
    public void AppendMark(uint group, ulong index, ulong term) => AppendPosition(RecordType.Mark, group, index, term);

    /// <summary>A leader's snapshot is installed and durable: all entries of the group go, the next is one past it.</summary>
    /// <exception cref="InvalidOperationException">The batch would exceed <see cref="MaxBytes"/>.</exception>
    public void AppendReset(uint group, ulong index, ulong term) => AppendPosition(RecordType.Reset, group, index, term);

    /// <summary>The group lives on this node. <paramref name="meta"/> is handed back at recovery; the latest counts.</summary>
    /// <exception cref="InvalidOperationException">The batch would exceed <see cref="MaxBytes"/>.</exception>
    public void AppendGroupMeta(uint group, ReadOnlySpan<byte> meta)
    {
        var record = Grow(RecordFormat.GroupMetaBytes, meta, RecordType.GroupMeta, group);
        BinaryPrimitives.WriteUInt32LittleEndian(record[5..], (uint)meta.Length);
    }

    /// <summary>
    /// The group left this node; all of it is forgotten. Delete its snapshots once this is durable and before the group
    /// returns, else they would be taken for the returned group's.
    /// </summary>
    /// <exception cref="InvalidOperationException">The batch would exceed <see cref="MaxBytes"/>.</exception>
    public void AppendGroupRemoved(uint group) => Grow(RecordFormat.PrefixBytes, default, RecordType.GroupRemoved, group);

    /// <summary>
    /// The group's entries up to <paramref name="index"/> are known to be committed. A hint that may be told late or never; once told
    /// it is held to: an entry that would supersede one of them breaks the log's rules.
    /// </summary>
    /// <exception cref="InvalidOperationException">The batch would exceed <see cref="MaxBytes"/>.</exception>
    public void AppendCommit(uint group, ulong index) =>
        BinaryPrimitives.WriteUInt64LittleEndian(Grow(RecordFormat.CommitBytes, default, RecordType.Commit, group)[5..], index);

    /// <summary>Something about the node as a whole, handed back at recovery under the same number; the latest counts, an empty one removes it.</summary>
    /// <exception cref="InvalidOperationException">The batch would exceed <see cref="MaxBytes"/>.</exception>
    public void AppendNote(uint number, ReadOnlySpan<byte> note)
    {
        var record = Grow(RecordFormat.NoteBytes, note, RecordType.Note, number);
        BinaryPrimitives.WriteUInt32LittleEndian(record[5..], (uint)note.Length);
    }

    /// <summary>Empties the batch, keeping its buffer.</summary>
    public void Reset() => Bytes = 0;

    private void AppendPosition(RecordType type, uint group, ulong index, ulong term)
    {
        var record = Grow(RecordFormat.PositionBytes, default, type, group);
        BinaryPrimitives.WriteUInt64LittleEndian(record[5..], index);
        BinaryPrimitives.WriteUInt64LittleEndian(record[13..], term);
    }

    private Span<byte> Grow(int fixedBytes, ReadOnlySpan<byte> payload, RecordType type, uint group)
    {
        var needed = (long)Bytes + fixedBytes + payload.Length;
        if (needed > MaxBytes) throw new InvalidOperationException($"A log batch holds at most {MaxBytes} bytes; this record would make it {needed}.");
        if (needed > _buffer.Length) Array.Resize(ref _buffer, (int)Math.Min(MaxBytes, Math.Max(needed, _buffer.Length * 2L)));
        var record = _buffer.AsSpan(Bytes, fixedBytes);
        payload.CopyTo(_buffer.AsSpan(Bytes + fixedBytes));
        record[0] = (byte)type;
        BinaryPrimitives.WriteUInt32LittleEndian(record[1..], group);
        Bytes = (int)needed;
        return record;
    }
}
