using System.Buffers;
using TokMesh.State.Data;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Names;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.State.Appliers;

/// <summary>Applies the operations of the pointer protocol.</summary>
internal sealed class NameApplier(ShardData data)
{
    public void Reserve(in ReserveOp op, IBufferWriter<byte> reply)
    {
        var held = data.Names.Find(op.Name);
        if (held is not null && held.Reservation == op.Reservation)
        {
            ReplyWriter.Ok(reply);
            return;
        }
        if (!IsInTime(op.NotAfterMs, data.Time, reply)) return;
        var slot = op.Name.Kind == NameKind.SessionId
            ? data.Sessions.FindId(op.Name.High) : data.Sessions.FindToken(op.Name.Token);
        if (slot >= 0 && !SessionRecord.IsExpired(data.Sessions[slot], data.Time))
        {
            ReplyWriter.Error(reply, op.Name.Kind == NameKind.SessionId ? ErrorCode.SessionIdConflict : ErrorCode.TokenConflict);
            return;
        }
        if (held is not null && !(op.HasReplaces && held.Reservation == op.Replaces))
        {
            ReplyWriter.Pointer(reply, held);
            return;
        }
        data.Names.Put(new NamePointer(op.Name, op.Reservation, new SessionId(new Ulid(op.Session)), op.UserId.ToArray(),
            NameState.Reserved, op.NotAfterMs));
        ReplyWriter.Ok(reply);
    }

    public void Confirm(Name name, UInt128 reservation, IBufferWriter<byte> reply)
    {
        var held = data.Names.Find(name);
        var mine = held is not null && held.Reservation == reservation;
        if (mine && held!.State == NameState.Reserved) data.Names.Put(held with { State = NameState.Confirmed });
        ReplyWriter.Integer(reply, mine ? 1 : 0);
    }

    public void Release(Name name, UInt128 reservation, IBufferWriter<byte> reply)
    {
        var held = data.Names.Find(name);
        var mine = held is not null && held.Reservation == reservation;
        if (mine) data.Names.Remove(name);
        ReplyWriter.Integer(reply, mine ? 1 : 0);
    }

    public void Resolve(in ResolveOp op, IBufferWriter<byte> reply)
    {
        var slot = data.Sessions.FindId(op.Session);
        var foreign = slot < 0 ? null : data.Sessions.ForeignOf(slot);
        var lives = foreign is not null && foreign.Reservation == op.Reservation && foreign.Holds(op.Name.Kind)
            && (op.Name.Kind == NameKind.SessionId
                ? op.Name.High == op.Session : SessionRecord.Token(data.Sessions[slot]) == op.Name.Token)
            && !SessionRecord.IsExpired(data.Sessions[slot], data.Time);
        ReplyWriter.Resolution(reply, lives ? Resolution.Live
            : data.Time > op.NotAfterMs ? Resolution.Dead : Resolution.TooEarly);
    }

    /// <summary>Whether a limit is neither over nor too far ahead at an entry's time; if it is, the error is in the reply.</summary>
    internal static bool IsInTime(long notAfterMs, long entryTimeMs, IBufferWriter<byte> reply)
    {
        var isOver = entryTimeMs > notAfterMs;
        if (!isOver && notAfterMs - entryTimeMs <= NamePointer.MostReservedMs) return true;
        ReplyWriter.Error(reply, ErrorCode.ReservationLapsed,
            isOver ? "" : "the time limit is more than 12 s ahead: the clock of the node that asked is wrong");
        return false;
    }
}
