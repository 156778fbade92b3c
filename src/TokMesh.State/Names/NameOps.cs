using System.Buffers;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Wire;

namespace TokMesh.State.Names;

/// <summary>Writes the operations of the pointer protocol; its rules are told at <see cref="NamePointer"/>.</summary>
public static class NameOps
{
    /// <summary>
    /// To the name's shard. Reply: Ok, the name is held for this reservation (now or already); the NamePointer that holds
    /// it; SESS-4090 or TOKN-4090, a local live session owns it; <see cref="ErrorCode.ReservationLapsed"/>.
    /// </summary>
    /// <param name="output">Takes the operation.</param>
    /// <param name="name">The name.</param>
    /// <param name="reservation">Fresh and random.</param>
    /// <param name="session">The session to be created.</param>
    /// <param name="userId">Its user.</param>
    /// <param name="notAfterMs">The same limit the create will carry, Unix ms.</param>
    /// <param name="replaces">A reservation that its user's shard has called Dead.</param>
    public static void Reserve(IBufferWriter<byte> output, Name name, UInt128 reservation, SessionId session,
        ReadOnlySpan<byte> userId, long notAfterMs, UInt128? replaces = null)
    {
        output.WriteByte((byte)OpCode.NameReserve);
        name.Write(output);
        output.WriteUInt128(reservation);
        output.WriteUInt128(session.Ulid.Value);
        output.WriteInt64(notAfterMs);
        output.WriteByte((byte)(replaces is null ? 0 : 1));
        output.WriteUInt128(replaces ?? 0);
        output.WriteBytes(userId);
    }

    /// <summary>To the name's shard. Reply: Integer, 1 if this reservation holds the name, else 0.</summary>
    public static void Confirm(IBufferWriter<byte> output, Name name, UInt128 reservation)
        => Write(output, OpCode.NameConfirm, name, reservation);

    /// <summary>To the name's shard. Reply: Integer, 1 if this reservation held the name, else 0. It does not any more.</summary>
    public static void Release(IBufferWriter<byte> output, Name name, UInt128 reservation)
        => Write(output, OpCode.NameRelease, name, reservation);

    /// <summary>To the shard of the pointer's user. Reply: a <see cref="Resolution"/>.</summary>
    public static void Resolve(IBufferWriter<byte> output, NamePointer pointer)
    {
        output.WriteByte((byte)OpCode.NameResolve);
        pointer.Name.Write(output);
        output.WriteUInt128(pointer.Session.Ulid.Value);
        output.WriteUInt128(pointer.Reservation);
        output.WriteInt64(pointer.NotAfterMs);
    }

    /// <summary>To the shard whose outbox it is. Reply: Integer, 1 if the item was there, else 0.</summary>
    public static void OutboxDone(IBufferWriter<byte> output, ulong itemId)
    {
        output.WriteByte((byte)OpCode.OutboxDone);
        output.WriteVarint(itemId);
    }

    private static void Write(IBufferWriter<byte> output, OpCode code, Name name, UInt128 reservation)
    {
        output.WriteByte((byte)code);
        name.Write(output);
        output.WriteUInt128(reservation);
    }
}

/// <summary>A decoded <see cref="NameOps.Reserve"/>.</summary>
internal ref struct ReserveOp
{
    public Name Name;
    public UInt128 Reservation, Session, Replaces;
    public bool HasReplaces;
    public long NotAfterMs;
    public ReadOnlySpan<byte> UserId;

    public static ReserveOp Read(ref WireReader reader)
    {
        var op = new ReserveOp
        {
            Name = Name.Read(ref reader),
            Reservation = reader.UInt128(),
            Session = reader.UInt128(),
            NotAfterMs = reader.Int64(),
        };
        var flag = reader.Byte();
        op.HasReplaces = flag == 1;
        op.Replaces = reader.UInt128();
        op.UserId = reader.Bytes();
        if (flag > 1 || op.UserId.IsEmpty) reader.Fail();
        return op;
    }
}

/// <summary>A decoded <see cref="NameOps.Resolve"/>.</summary>
internal ref struct ResolveOp
{
    public Name Name;
    public UInt128 Session, Reservation;
    public long NotAfterMs;

    public static ResolveOp Read(ref WireReader reader) => new()
    {
        Name = Name.Read(ref reader),
        Session = reader.UInt128(),
        Reservation = reader.UInt128(),
        NotAfterMs = reader.Int64(),
    };
}
