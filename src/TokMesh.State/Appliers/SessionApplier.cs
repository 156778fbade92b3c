using System.Buffers;
using System.Globalization;
using TokMesh.State.Data;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Names;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Appliers;

/// <summary>Applies the operations on sessions.</summary>
internal sealed class SessionApplier(ShardData data, TouchOverlay touches)
{
    public void Create(in CreateOp op, IBufferWriter<byte> reply)
    {
        var foreign = op.IdForeign || op.TokenForeign;
        if (op.TtlMs < 0 || (foreign && op.NotAfterMs <= 0))
        {
            ReplyWriter.Error(reply, ErrorCode.ArgumentInvalid, op.TtlMs < 0 ? "ttl below 0" : "a foreign name needs a time limit");
            return;
        }
        if (op.NotAfterMs != 0 && !NameApplier.IsInTime(op.NotAfterMs, data.Time, reply)) return;
        if (IsLive(data.Sessions.FindId(op.Id)))
        {
            ReplyWriter.Error(reply, ErrorCode.SessionIdConflict);
            return;
        }
        // A pointer guards only names of this shard; a foreign name's pointer is elsewhere, and is our own.
        if (!op.IdForeign && data.Names.Find(Name.Of(new SessionId(new Ulid(op.Id)))) is { } idHolder)
        {
            ReplyWriter.Pointer(reply, idHolder);
            return;
        }
        if (IsLive(data.Sessions.FindToken(op.Token)))
        {
            ReplyWriter.Error(reply, ErrorCode.TokenConflict);
            return;
        }
        if (!op.TokenForeign && data.Names.Find(Name.Of(op.Token)) is { } tokenHolder)
        {
            ReplyWriter.Pointer(reply, tokenHolder);
            return;
        }
        if (op.QuotaLimit != 0 && LiveOfUser(op.UserId, op.QuotaLimit) >= op.QuotaLimit)
        {
            ReplyWriter.Error(reply, ErrorCode.SessionQuotaExceeded, $"the user has {op.QuotaLimit} live sessions, the most allowed");
            return;
        }
        LeaveTombstone(data.Sessions.FindId(op.Id));
        LeaveTombstone(data.Sessions.FindToken(op.Token));
        var draft = new SessionDraft
        {
            Id = op.Id,
            CreatedBy = op.CreatedBy,
            HasCreatedBy = (op.Flags & CreateOp.HasCreatedBy) != 0,
            CreatedAt = data.Time,
            ExpiresAt = op.TtlMs == 0 ? 0 : Later(op.TtlMs),
            LastActive = data.Time,
            Version = 1,
            UserId = op.UserId,
            DeviceId = op.DeviceId,
            Ip = op.Ip,
            LastIp = op.Ip,
            UserAgent = op.UserAgent,
            LastUserAgent = op.UserAgent,
            Data = op.Data,
        };
        var record = SessionRecord.Make(draft, op.Token);
        var names = foreign ? new ForeignNames(op.IdForeign, op.TokenForeign, op.Reservation) : null;
        data.Sessions.Add(record, names);
        if (names is not null) data.Outbox.Add(OutboxAction.Confirm, op.Id, op.Token, names);
        ReplySession(record, reply);
    }

    public void Update(in UpdateOp op, IBufferWriter<byte> reply)
    {
        var slot = FindLive(op.Id, reply);
        if (slot < 0) return;
        var record = data.Sessions[slot];
        var view = SessionRecord.View(record);
        if (op.Has(UpdateOp.HasUser) && !view.UserId.SequenceEqual(op.UserId))
        {
            ReplyWriter.Error(reply, ErrorCode.ArgumentInvalid, "user_id cannot be changed");
            return;
        }
        if (op.Has(UpdateOp.HasTtl) && op.TtlMs <= 0)
        {
            ReplyWriter.Error(reply, ErrorCode.ArgumentInvalid, "ttl must be above 0");
            return;
        }
        var draft = SessionDraft.Of(view);
        if (op.Has(UpdateOp.HasDevice)) draft.DeviceId = op.DeviceId;
        if (op.Has(UpdateOp.HasData)) draft.Data = op.Data;
        if (op.Has(UpdateOp.HasTtl)) draft.ExpiresAt = Later(op.TtlMs);
        draft.LastActive = Math.Max(draft.LastActive, data.Time);
        draft.Version++;
        var changed = SessionRecord.Make(draft, SessionRecord.Token(record));
        data.Sessions.Rewrite(slot, changed);
        ReplySession(changed, reply);
    }

    public void Renew(UInt128 id, ulong? ifVersion, long ttlMs, IBufferWriter<byte> reply)
    {
        if (ttlMs <= 0)
        {
            ReplyWriter.Error(reply, ErrorCode.ArgumentInvalid, "ttl must be above 0");
            return;
        }
        var slot = FindLive(id, reply);
        if (slot < 0 || !IsVersion(slot, ifVersion, reply)) return;
        var expires = Later(ttlMs);
        SessionRecord.RaiseLastActive(data.Sessions[slot], data.Time);
        SessionRecord.BumpVersion(data.Sessions[slot]);
        data.Sessions.SetExpiresAt(slot, expires);
        ReplyWriter.Integer(reply, expires);
    }

    public void Touch(in TouchItem item)
    {
        var slot = data.Sessions.FindId(item.Id);
        if (!IsLive(slot)) return;
        var record = data.Sessions[slot];
        SessionRecord.RaiseLastActive(record, item.LastActive);
        if (item.Access)
        {
            var draft = SessionDraft.Of(SessionRecord.View(record));
            if (!draft.LastIp.SequenceEqual(item.Ip) || !draft.LastUserAgent.SequenceEqual(item.UserAgent))
            {
                draft.LastIp = item.Ip;
                draft.LastUserAgent = item.UserAgent;
                data.Sessions.Rewrite(slot, SessionRecord.Make(draft, SessionRecord.Token(record)));
            }
        }
        touches.Applied(slot, item.LastActive);
    }

    public void Revoke(UInt128 id, ulong? ifVersion, IBufferWriter<byte> reply)
    {
        var slot = data.Sessions.FindId(id);
        if (IsLive(slot) && !IsVersion(slot, ifVersion, reply)) return;
        var removed = TryRevoke(slot);
        if (!removed && data.Names.Find(Name.Of(new SessionId(new Ulid(id)))) is { } pointer) ReplyWriter.Pointer(reply, pointer);
        else ReplyWriter.Integer(reply, removed ? 1 : 0);
    }

    public void RevokeMany(ref WireReader ids, IBufferWriter<byte> reply)
    {
        long removed = 0;
        List<NamePointer>? elsewhere = null;
        for (var count = ids.Count(); count > 0; count--)
        {
            var id = ids.UInt128();
            if (TryRevoke(data.Sessions.FindId(id))) removed++;
            else if (data.Names.Find(Name.Of(new SessionId(new Ulid(id)))) is { } pointer) (elsewhere ??= []).Add(pointer);
        }
        ReplyWriter.CountAndPointers(reply, removed, elsewhere);
    }

    public int RevokeUser(ReadOnlySpan<byte> user)
    {
        // The list's order depends on the replica's history, the order of tombstones must not: sort by id.
        var ids = new List<UInt128>();
        for (var slot = data.Sessions.FindUser(user); slot >= 0; slot = data.Sessions.NextOfUser(slot))
        {
            if (IsLive(slot)) ids.Add(SessionRecord.Id(data.Sessions[slot]));
        }
        ids.Sort();
        foreach (var id in ids) AddTombstone(data.Sessions.FindId(id), expired: false);
        return ids.Count;
    }

    /// <summary>Removes expired sessions, then lapsed tombstones; returns how many, at most <paramref name="limit"/>.</summary>
    public int Sweep(int limit)
    {
        var removed = 0;
        for (; removed < limit; removed++)
        {
            var slot = data.Sessions.PeekExpiry(out var expires);
            if (slot < 0 || expires > data.Time) break;
            AddTombstone(slot, expired: true);
        }
        for (; removed < limit && data.Tombstones.HasLapsed(data.Time); removed++) ForgetOldest();
        return removed;
    }

    /// <summary>An expired session is left to the sweep, and remembered as expired.</summary>
    private bool TryRevoke(int slot)
    {
        if (!IsLive(slot)) return false;
        AddTombstone(slot, expired: false);
        return true;
    }

    /// <summary>Whether a session still has the version that was read, or none was named; if not, the error is in the reply.</summary>
    private bool IsVersion(int slot, ulong? version, IBufferWriter<byte> reply)
    {
        if (version is null) return true;
        var present = SessionRecord.View(data.Sessions[slot]).Version;
        if (present == version) return true;
        ReplyWriter.Error(reply, ErrorCode.SessionVersionConflict, present.ToString(CultureInfo.InvariantCulture));
        return false;
    }

    private static void ReplySession(byte[] record, IBufferWriter<byte> reply)
    {
        reply.WriteByte((byte)ReplyTag.Session);
        reply.WriteBytes(SessionRecord.External(record));
    }

    private long Later(long ttlMs) => ttlMs > long.MaxValue - data.Time ? long.MaxValue : data.Time + ttlMs;

    private bool IsLive(int slot) => slot >= 0 && !SessionRecord.IsExpired(data.Sessions[slot], data.Time);

    /// <summary>The slot of a live session, or -1 and the error is in the reply.</summary>
    private int FindLive(UInt128 id, IBufferWriter<byte> reply)
    {
        var slot = data.Sessions.FindId(id);
        if (IsLive(slot)) return slot;
        data.ReplyAbsent(id, slot >= 0, data.Time, reply);
        return -1;
    }

    private ulong LiveOfUser(ReadOnlySpan<byte> user, ulong enough)
    {
        ulong live = 0;
        for (var slot = data.Sessions.FindUser(user); slot >= 0 && live < enough; slot = data.Sessions.NextOfUser(slot))
        {
            if (IsLive(slot)) live++;
        }
        return live;
    }

    private void LeaveTombstone(int slot)
    {
        if (slot >= 0) AddTombstone(slot, expired: true);
    }

    private void AddTombstone(int slot, bool expired)
    {
        var record = data.Sessions[slot];
        var tombstone = new Tombstone(SessionRecord.Id(record), SessionRecord.Token(record), data.Time, expired, data.Sessions.ForeignOf(slot));
        data.Sessions.Remove(slot);
        touches.Forget(slot);
        if (data.Tombstones.IsFull) ForgetOldest();
        data.Tombstones.Add(tombstone);
    }

    /// <summary>With the tombstone goes the last use of the dead session's foreign names.</summary>
    private void ForgetOldest()
    {
        var oldest = data.Tombstones.Oldest;
        data.Tombstones.RemoveOldest();
        if (oldest.Foreign is not null) data.Outbox.Add(OutboxAction.Release, oldest.Id, oldest.Token, oldest.Foreign);
    }
}
