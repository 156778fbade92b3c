using System.Buffers;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Names;
using TokMesh.State.Wire;

namespace TokMesh.State.Sessions;

/// <summary>
/// Writes the operations on sessions. Update, Renew, Revoke and their conditional forms of a session whose record lives in another
/// shard are answered with the <see cref="NamePointer"/> held for its id: send the operation to the shard of its user.
/// </summary>
public static class SessionOps
{
    /// <summary>
    /// Reply: the session; SESS-4090, TOKN-4090, SESS-4002, <see cref="ErrorCode.ReservationLapsed"/>; or a
    /// <see cref="NamePointer"/> when the id or token is local to this shard but a pointer holds it: resolve that, release
    /// it if dead, and create again.
    /// </summary>
    public static void Create(IBufferWriter<byte> output, CreateSession create)
    {
        output.WriteByte((byte)OpCode.SessionCreate);
        output.WriteUInt128(create.Id.Ulid.Value);
        output.WriteUInt128(create.Token.High);
        output.WriteUInt128(create.Token.Low);
        output.WriteByte((byte)((create.CreatedBy is null ? 0 : CreateOp.HasCreatedBy)
            | (create.IdForeign ? CreateOp.IdForeignFlag : 0) | (create.TokenForeign ? CreateOp.TokenForeignFlag : 0)));
        output.WriteUInt128(create.CreatedBy?.Ulid.Value ?? 0);
        output.WriteUInt128(create.Reservation);
        output.WriteInt64(create.TtlMs);
        output.WriteVarint((ulong)Math.Max(0, create.QuotaLimit));
        output.WriteInt64(create.NotAfterMs);
        output.WriteBytes(create.UserId.Span);
        output.WriteBytes(create.DeviceId.Span);
        output.WriteBytes(create.Ip.Span);
        output.WriteBytes(create.UserAgent.Span);
        output.WriteBytes(create.Data.Span);
    }

    /// <summary>Reply: the session; SESS-4040, SESS-4041, ARG-1001.</summary>
    public static void Update(IBufferWriter<byte> output, UpdateSession update)
    {
        output.WriteByte((byte)OpCode.SessionUpdate);
        output.WriteUInt128(update.Id.Ulid.Value);
        output.WriteByte((byte)((update.DeviceId is null ? 0 : UpdateOp.HasDevice) | (update.Data is null ? 0 : UpdateOp.HasData)
            | (update.TtlMs is null ? 0 : UpdateOp.HasTtl) | (update.ExpectedUserId is null ? 0 : UpdateOp.HasUser)));
        if (update.DeviceId is { } device) output.WriteBytes(device.Span);
        if (update.Data is { } data) output.WriteBytes(data.Span);
        if (update.TtlMs is { } ttl) output.WriteInt64(ttl);
        if (update.ExpectedUserId is { } user) output.WriteBytes(user.Span);
    }

    /// <summary>Reply: Integer, the new expires_at in Unix ms; SESS-4040, SESS-4041, ARG-1001 (ttl below 1).</summary>
    public static void Renew(IBufferWriter<byte> output, SessionId id, long ttlMs)
    {
        output.WriteByte((byte)OpCode.SessionRenew);
        output.WriteUInt128(id.Ulid.Value);
        output.WriteInt64(ttlMs);
    }

    /// <summary>
    /// As <see cref="Renew"/>, but only of the version that was read. Reply: Integer, the new expires_at in Unix ms; SESS-4040,
    /// SESS-4041, ARG-1001; SESS-4091, whose detail is the present version in decimal.
    /// </summary>
    public static void RenewIf(IBufferWriter<byte> output, SessionId id, ulong version, long ttlMs)
    {
        output.WriteByte((byte)OpCode.SessionRenewIf);
        output.WriteUInt128(id.Ulid.Value);
        output.WriteVarint(version);
        output.WriteInt64(ttlMs);
    }

    /// <summary>
    /// As <see cref="Revoke"/>, but only of the version that was read. Reply: Integer, 1 if it was removed, 0 if there is no live
    /// session; SESS-4091, whose detail is the present version in decimal.
    /// </summary>
    public static void RevokeIf(IBufferWriter<byte> output, SessionId id, ulong version)
    {
        output.WriteByte((byte)OpCode.SessionRevokeIf);
        output.WriteUInt128(id.Ulid.Value);
        output.WriteVarint(version);
    }

    /// <summary>Reply: Integer, 1 if a live session was removed, else 0.</summary>
    public static void Revoke(IBufferWriter<byte> output, SessionId id)
    {
        output.WriteByte((byte)OpCode.SessionRevoke);
        output.WriteUInt128(id.Ulid.Value);
    }

    /// <summary>
    /// Reply: Integer, the live sessions removed; or, when pointers are held for some ids, an Array: that Integer, then a
    /// NamePointer each.
    /// </summary>
    public static void RevokeMany(IBufferWriter<byte> output, ReadOnlySpan<SessionId> ids)
    {
        output.WriteByte((byte)OpCode.SessionRevokeMany);
        output.WriteVarint((ulong)ids.Length);
        foreach (var id in ids) output.WriteUInt128(id.Ulid.Value);
    }

    /// <summary>All sessions of a user. Reply: Integer, the live sessions removed.</summary>
    public static void RevokeUser(IBufferWriter<byte> output, ReadOnlySpan<byte> userId)
    {
        output.WriteByte((byte)OpCode.SessionRevokeUser);
        output.WriteBytes(userId);
    }

    /// <summary>
    /// Removes what has expired by the entry's time: sessions, keys, lapsed tombstones, at most <paramref name="limit"/> in
    /// all. Reply: Integer, how many. The leader repeats while <see cref="ShardState.HasExpired"/>.
    /// </summary>
    public static void ExpireSweep(IBufferWriter<byte> output, int limit)
    {
        output.WriteByte((byte)OpCode.ExpireSweep);
        output.WriteVarint((ulong)limit);
    }
}
