using System.Buffers;
using TokMesh.State.Data;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Names;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Queries;

/// <summary>Answers queries on single sessions. Only a leader's query may touch.</summary>
internal sealed class SessionQueries(ShardData data, TouchOverlay touches)
{
    public void Get(UInt128 id, long now, IBufferWriter<byte> reply)
    {
        var slot = FindLive(id, now, reply);
        if (slot >= 0) WriteSession(slot, reply);
    }

    public void Touch(UInt128 id, long now, bool leader, IBufferWriter<byte> reply)
    {
        var slot = FindLive(id, now, reply);
        if (slot < 0) return;
        if (leader) touches.Touch(slot, now);
        WriteSession(slot, reply);
    }

    public void Validate(ref WireReader query, long now, bool leader, IBufferWriter<byte> reply)
    {
        var token = new TokenHash(query.UInt128(), query.UInt128());
        var touch = query.Byte() != 0;
        var ip = query.Ip();
        var agent = query.Bytes();
        if (!query.AtEnd)
        {
            ReplyWriter.Error(reply, ErrorCode.SysBadRequest, "malformed validate");
            return;
        }
        var slot = data.Sessions.FindToken(token);
        if (slot >= 0 && !SessionRecord.IsExpired(data.Sessions[slot], now))
        {
            if (touch && leader) touches.Touch(slot, now, SessionRecord.View(data.Sessions[slot]), ip, agent);
            WriteSession(slot, reply);
            return;
        }
        if (data.Names.Find(Name.Of(token)) is { } pointer)
        {
            ReplyWriter.Pointer(reply, pointer);
            return;
        }
        var dead = data.Tombstones.FindToken(token);
        var remembered = dead >= 0 && data.Tombstones.At(dead).DiedAt + Tombstones.MemoryMs > now;
        ReplyWriter.Error(reply, slot >= 0 ? ErrorCode.TokenExpired
            : !remembered ? ErrorCode.TokenInvalid
            : data.Tombstones.At(dead).Expired ? ErrorCode.TokenExpired : ErrorCode.TokenRevoked);
    }

    public void Ttl(UInt128 id, long now, IBufferWriter<byte> reply)
    {
        var slot = data.Sessions.FindId(id);
        var live = slot >= 0 && !SessionRecord.IsExpired(data.Sessions[slot], now);
        if (!live && data.Names.Find(Name.Of(new SessionId(new Ulid(id)))) is { } pointer)
        {
            ReplyWriter.Pointer(reply, pointer);
            return;
        }
        var expires = live ? SessionRecord.ExpiresAt(data.Sessions[slot]) : 0;
        ReplyWriter.Integer(reply, !live ? -2 : expires == 0 ? -1 : expires - now);
    }

    public void Exist(ref WireReader ids, long now, IBufferWriter<byte> reply)
    {
        long live = 0;
        List<NamePointer>? elsewhere = null;
        for (var count = ids.Count(); count > 0; count--)
        {
            var id = ids.UInt128();
            var slot = data.Sessions.FindId(id);
            if (slot >= 0 && !SessionRecord.IsExpired(data.Sessions[slot], now)) live++;
            else if (data.Names.Find(Name.Of(new SessionId(new Ulid(id)))) is { } pointer) (elsewhere ??= []).Add(pointer);
        }
        ReplyWriter.CountAndPointers(reply, live, elsewhere);
    }

    /// <summary>Writes a list item or a reply's content: the record under what is pending of touches.</summary>
    public void WriteRecord(int slot, IBufferWriter<byte> reply)
    {
        var record = SessionRecord.External(data.Sessions[slot]);
        if (touches.Count > 0)
        {
            var draft = SessionDraft.Of(SessionView.Of(record));
            if (touches.TryOverlay(slot, ref draft))
            {
                var size = draft.Size();
                reply.WriteVarint((ulong)size);
                draft.WriteTo(reply.GetSpan(size)[..size]);
                reply.Advance(size);
                return;
            }
        }
        reply.WriteBytes(record);
    }

    private void WriteSession(int slot, IBufferWriter<byte> reply)
    {
        reply.WriteByte((byte)ReplyTag.Session);
        WriteRecord(slot, reply);
    }

    private int FindLive(UInt128 id, long now, IBufferWriter<byte> reply)
    {
        var slot = data.Sessions.FindId(id);
        if (slot >= 0 && !SessionRecord.IsExpired(data.Sessions[slot], now)) return slot;
        data.ReplyAbsent(id, slot >= 0, now, reply);
        return -1;
    }
}
