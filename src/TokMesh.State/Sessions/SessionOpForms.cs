using TokMesh.State.Ids;
using TokMesh.State.Wire;

namespace TokMesh.State.Sessions;

/// <summary>A decoded <see cref="SessionOps.Create"/>.</summary>
internal ref struct CreateOp
{
    public const int HasCreatedBy = 1, IdForeignFlag = 2, TokenForeignFlag = 4;

    public UInt128 Id, CreatedBy, Reservation;
    public TokenHash Token;
    public int Flags;
    public long TtlMs, NotAfterMs;
    public ulong QuotaLimit;
    public ReadOnlySpan<byte> UserId, DeviceId, Ip, UserAgent, Data;

    public readonly bool IdForeign => (Flags & IdForeignFlag) != 0;

    public readonly bool TokenForeign => (Flags & TokenForeignFlag) != 0;

    public static CreateOp Read(ref WireReader reader)
    {
        var op = new CreateOp
        {
            Id = reader.UInt128(),
            Token = new TokenHash(reader.UInt128(), reader.UInt128()),
            Flags = reader.Byte(),
            CreatedBy = reader.UInt128(),
            Reservation = reader.UInt128(),
            TtlMs = reader.Int64(),
            QuotaLimit = reader.Varint(),
            NotAfterMs = reader.Int64(),
            UserId = reader.Bytes(),
            DeviceId = reader.Bytes(),
            Ip = reader.Ip(),
            UserAgent = reader.Bytes(),
            Data = reader.Bytes(),
        };
        if (op.Flags > 7 || op.UserId.IsEmpty || !SessionData.IsWellFormed(op.Data)) reader.Fail();
        return op;
    }
}

/// <summary>A decoded <see cref="SessionOps.Update"/>.</summary>
internal ref struct UpdateOp
{
    public const int HasDevice = 1, HasData = 2, HasTtl = 4, HasUser = 8;

    public UInt128 Id;
    public int Flags;
    public long TtlMs;
    public ReadOnlySpan<byte> DeviceId, Data, UserId;

    public readonly bool Has(int flag) => (Flags & flag) != 0;

    public static UpdateOp Read(ref WireReader reader)
    {
        var op = new UpdateOp { Id = reader.UInt128(), Flags = reader.Byte() };
        if (op.Has(HasDevice)) op.DeviceId = reader.Bytes();
        if (op.Has(HasData)) op.Data = reader.Bytes();
        if (op.Has(HasTtl)) op.TtlMs = reader.Int64();
        if (op.Has(HasUser)) op.UserId = reader.Bytes();
        if (op.Flags > 15 || !SessionData.IsWellFormed(op.Data)) reader.Fail();
        return op;
    }
}

/// <summary>One item of a touches operation: id, last_active, and the access address and agent when they changed.</summary>
internal ref struct TouchItem
{
    public const int HasAccess = 1;

    public UInt128 Id;
    public long LastActive;
    public bool Access;
    public ReadOnlySpan<byte> Ip, UserAgent;

    public static TouchItem Read(ref WireReader reader)
    {
        var item = new TouchItem { Id = reader.UInt128(), LastActive = reader.Int64() };
        int flags = reader.Byte();
        if (flags > HasAccess) reader.Fail();
        item.Access = flags == HasAccess;
        if (item.Access)
        {
            item.Ip = reader.Ip();
            item.UserAgent = reader.Bytes();
        }
        return item;
    }
}
