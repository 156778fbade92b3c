using System.Buffers.Binary;

namespace TokMesh.Log.Format;

/// <summary>Walks the records of a frame or a batch.</summary>
internal ref struct RecordReader(ReadOnlySpan<byte> records)
{
    private ReadOnlySpan<byte> _rest = records;

    /// <summary>Set when a walk ended on bytes that are no record.</summary>
    public bool IsMalformed { get; private set; }

    public bool TryRead(out Record record)
    {
        record = default;
        if (_rest.IsEmpty) return false;
        var length = Decode(_rest, ref record);
        IsMalformed = length < 0;
        if (IsMalformed) return false;
        _rest = _rest[length..];
        return true;
    }

    private static int Decode(ReadOnlySpan<byte> from, ref Record record)
    {
        if (from.Length < RecordFormat.PrefixBytes) return -1;
        record.Type = (RecordType)from[0];
        record.Group = BinaryPrimitives.ReadUInt32LittleEndian(from[1..]);
        switch (record.Type)
        {
            case RecordType.Entry when from.Length >= RecordFormat.EntryBytes:
                record.Index = BinaryPrimitives.ReadUInt64LittleEndian(from[5..]);
                record.Term = BinaryPrimitives.ReadUInt64LittleEndian(from[13..]);
                record.EntryType = from[21];
                return DecodePayload(from, RecordFormat.EntryBytes, ref record);
            case RecordType.HardState when from.Length >= RecordFormat.HardStateBytes:
                record.Term = BinaryPrimitives.ReadUInt64LittleEndian(from[5..]);
                record.Vote = BinaryPrimitives.ReadUInt32LittleEndian(from[13..]);
                return RecordFormat.HardStateBytes;
            case RecordType.Mark or RecordType.Reset when from.Length >= RecordFormat.PositionBytes:
                record.Index = BinaryPrimitives.ReadUInt64LittleEndian(from[5..]);
                record.Term = BinaryPrimitives.ReadUInt64LittleEndian(from[13..]);
                return RecordFormat.PositionBytes;
            case RecordType.GroupMeta when from.Length >= RecordFormat.GroupMetaBytes:
                return DecodePayload(from, RecordFormat.GroupMetaBytes, ref record);
            case RecordType.GroupRemoved:
                return RecordFormat.PrefixBytes;
            case RecordType.Commit when from.Length >= RecordFormat.CommitBytes:
                record.Index = BinaryPrimitives.ReadUInt64LittleEndian(from[5..]);
                return RecordFormat.CommitBytes;
            case RecordType.Note when from.Length >= RecordFormat.NoteBytes:
                return DecodePayload(from, RecordFormat.NoteBytes, ref record);
            default:
                return -1;
        }
    }

    // The payload's length is the last field before it.
    private static int DecodePayload(ReadOnlySpan<byte> from, int start, ref Record record)
    {
        var bytes = BinaryPrimitives.ReadUInt32LittleEndian(from[(start - sizeof(uint))..]);
        if (bytes > (uint)(from.Length - start)) return -1;
        record.Payload = from.Slice(start, (int)bytes);
        return start + (int)bytes;
    }
}
