using System.Buffers;
using TokMesh.State.Data;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Keys;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;
using TokMesh.State.Tables;
using TokMesh.State.Wire;

namespace TokMesh.State.Queries;

/// <summary>
/// SCAN over the keys' table and, when asked, the sessions' id table after it. The cursor's low 32 bits are the bucket, bit
/// 32 says which table.
/// </summary>
internal sealed class ScanQuery(ShardData data)
{
    private const ulong InSessions = 1ul << 32;

    private readonly ArrayBufferWriter<byte> _names = new();

    public void Run(ref WireReader query, long now, IBufferWriter<byte> reply)
    {
        var cursor = query.Varint();
        var count = Math.Clamp(query.Varint(), 1, 1 << 24);
        var sessions = query.Byte() != 0;
        var match = query.Bytes();
        var type = query.Bytes();
        if (!query.AtEnd || cursor > (InSessions | uint.MaxValue))
        {
            ReplyWriter.Error(reply, ErrorCode.SysBadRequest, "malformed scan");
            return;
        }
        if (match is [(byte)'*']) match = default;
        _names.ResetWrittenCount();
        var found = 0;
        var none = !type.IsEmpty && !type.SequenceEqual("string"u8);
        ulong looked = 0, buckets = 0;
        var ended = none;
        // Redis's bound: a sparse table costs at most ten buckets per element asked for.
        while (!ended && looked < count && buckets < count * 10)
        {
            var bucket = (uint)cursor;
            var inSessions = cursor >= InSessions;
            var table = inSessions ? data.Sessions.Ids : data.Keys.Table;
            bucket &= table.Mask;
            int probe = (int)bucket, slot;
            while ((slot = table.NextInBucket(bucket, ref probe)) >= 0)
            {
                looked++;
                if (inSessions ? TakeSession(slot, now, match) : TakeKey(slot, now, match)) found++;
            }
            buckets++;
            var next = ScanCursor.Next((uint)cursor, table.Mask);
            if (next != 0) cursor = next | (cursor & InSessions);
            else if (!inSessions && sessions) cursor = InSessions;
            else ended = true;
        }
        reply.WriteByte((byte)ReplyTag.ScanPage);
        reply.WriteVarint(ended ? 0 : cursor);
        reply.WriteVarint((ulong)found);
        reply.Write(_names.WrittenSpan);
    }

    private bool TakeKey(int slot, long now, ReadOnlySpan<byte> match)
    {
        var record = data.Keys[slot];
        return !KeyRecord.IsExpired(record, now) && Take(KeyRecord.Key(record), match);
    }

    private bool TakeSession(int slot, long now, ReadOnlySpan<byte> match)
    {
        var record = data.Sessions[slot];
        if (SessionRecord.IsExpired(record, now)) return false;
        Span<byte> name = stackalloc byte[SessionId.TextLength];
        new SessionId(new Ulid(SessionRecord.Id(record))).Format(name);
        return Take(name, match);
    }

    private bool Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> match)
    {
        if (!match.IsEmpty && !GlobPattern.IsMatch(match, name)) return false;
        _names.WriteBytes(name);
        return true;
    }
}
