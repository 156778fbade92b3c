using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Placement;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Names;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.Cluster.Sessions;

// Creating a session: in one entry when all its names fall together, with the pointer protocol (NamePointer) when a dictated id
// or token belongs to another shard.
public sealed partial class SessionService
{
    private const int GeneratedIdTries = 3;
    private const int ReservationMs = 10_000;

    /// <summary>Its id and its token.</summary>
    private const int NamesOfSession = 2;

    /// <summary>
    /// Reply: Session, and the token, drawn or dictated; what <see cref="SessionLimits.Check"/> says, SESS-4090, TOKN-4090, SESS-4002. An
    /// unknown outcome may have created it.
    /// </summary>
    public async ValueTask<(StoreReply Reply, string Token)> CreateAsync(NewSession session, Caller caller)
    {
        if (limits.Check(session) is { } broken) return (StoreReply.Refused(broken), "");
        var user = TextRules.Utf8.GetBytes(session.UserId!);
        var home = Sharding.OfName(user, ShardCount);
        for (var attempt = 1; ; attempt++)
        {
            var id = session.Id ?? _names.NextSessionId(home);
            var token = session.Token ?? _names.NextToken(home);
            var reply = await CreateAsync(session, id, token, user, home, caller).ConfigureAwait(false);
            if (session.Id is null && reply.Error == ErrorCode.SessionIdConflict && attempt < GeneratedIdTries) continue;
            return (reply, token);
        }
    }

    private async ValueTask<StoreReply> CreateAsync(NewSession session, SessionId id, string token, byte[] user, ShardId home, Caller caller)
    {
        var hash = TokenHash.OfToken(token);
        var idShard = Sharding.OfSession(id, ShardCount);
        var tokenShard = Sharding.OfName(token, ShardCount);
        var foreign = new List<(Name Name, ShardId Shard)>();
        if (idShard != home) foreign.Add((Name.Of(id), idShard));
        if (tokenShard != home) foreign.Add((Name.Of(hash), tokenShard));
        var notAfter = foreign.Count == 0 ? 0 : wallMs() + ReservationMs;
        var reservation = foreign.Count == 0 ? 0 : Reservations.New(fillRandom, tokenShard);

        var held = new List<(Name Name, ShardId Shard)>();
        foreach (var (name, shard) in foreign)
        {
            // Held even if the answer is lost: then it may be.
            held.Add((name, shard));
            var reserved = await ReserveAsync(name, shard, reservation, id, user, notAfter, caller).ConfigureAwait(false);
            if (reserved.IsOk) continue;
            await ReleaseAsync(held, reservation, caller).ConfigureAwait(false);
            return reserved;
        }

        var create = new CreateSession
        {
            Id = id,
            Token = hash,
            UserId = user,
            DeviceId = TextRules.Utf8.GetBytes(session.DeviceId ?? ""),
            Ip = caller.Ip,
            UserAgent = caller.UserAgent,
            CreatedBy = caller.Key,
            TtlMs = session.TtlMs ?? (long)limits.DefaultTtl.TotalMilliseconds,
            Data = session.Data is null ? default : SessionData.Encode(session.Data),
            QuotaLimit = limits.QuotaPerUser,
            IdForeign = idShard != home,
            TokenForeign = tokenShard != home,
            Reservation = reservation,
            NotAfterMs = notAfter,
        };
        var reply = await store.WriteAsync(home.Group, b => SessionOps.Create(b, create), caller.DeadlineMs).ConfigureAwait(false);
        // A name that is local here is held for a session of another user: free if that one is dead. Both names may be.
        for (var evictions = 0; reply.IsOk && reply.Tag == ReplyTag.NamePointer; evictions++)
        {
            var holder = new ReplyReader(reply.Body.Span).NamePointer();
            var refusal = evictions < NamesOfSession ? await EvictAsync(holder, home, caller).ConfigureAwait(false) : Conflict(holder.Name.Kind);
            reply = refusal ?? await store.WriteAsync(home.Group, b => SessionOps.Create(b, create), caller.DeadlineMs).ConfigureAwait(false);
        }
        // Of an unknown outcome, or one whose answer was dropped, the reservation must stay: the session may exist. The shards'
        // leaders sort it out.
        if (reply.Verdict is Verdict.Refused or Verdict.NotExecuted) await ReleaseAsync(held, reservation, caller).ConfigureAwait(false);
        return reply;
    }

    private async ValueTask<StoreReply> ReserveAsync(Name name, ShardId shard, UInt128 reservation, SessionId id, byte[] user, long notAfter, Caller caller)
    {
        var reply = await store.WriteAsync(shard.Group, b => NameOps.Reserve(b, name, reservation, id, user, notAfter), caller.DeadlineMs).ConfigureAwait(false);
        if (!reply.IsOk || reply.Tag != ReplyTag.NamePointer) return reply;
        var holder = new ReplyReader(reply.Body.Span).NamePointer();
        var resolved = await ResolveAsync(holder, caller).ConfigureAwait(false);
        if (!resolved.IsOk) return resolved;
        if (new ReplyReader(resolved.Body.Span).Resolution() != Resolution.Dead) return Conflict(name.Kind);
        reply = await store.WriteAsync(shard.Group, b => NameOps.Reserve(b, name, reservation, id, user, notAfter, holder.Reservation), caller.DeadlineMs).ConfigureAwait(false);
        return reply.IsOk && reply.Tag == ReplyTag.NamePointer ? Conflict(name.Kind) : reply;
    }

    /// <summary>Null when the holder is dead and gone; else why the name cannot be had.</summary>
    private async ValueTask<StoreReply?> EvictAsync(NamePointer holder, ShardId shard, Caller caller)
    {
        var resolved = await ResolveAsync(holder, caller).ConfigureAwait(false);
        if (!resolved.IsOk) return resolved;
        if (new ReplyReader(resolved.Body.Span).Resolution() != Resolution.Dead) return Conflict(holder.Name.Kind);
        var released = await store.WriteAsync(shard.Group, b => NameOps.Release(b, holder.Name, holder.Reservation), caller.DeadlineMs).ConfigureAwait(false);
        return released.IsOk ? null : released;
    }

    private ValueTask<StoreReply> ResolveAsync(NamePointer holder, Caller caller) =>
        store.WriteAsync(GroupOfUser(holder), b => NameOps.Resolve(b, holder), caller.DeadlineMs);

    // Best effort: what is not released now is found by the name's shard when its time is over.
    private async ValueTask ReleaseAsync(List<(Name Name, ShardId Shard)> held, UInt128 reservation, Caller caller)
    {
        foreach (var (name, shard) in held)
            await store.WriteAsync(shard.Group, b => NameOps.Release(b, name, reservation), caller.DeadlineMs).ConfigureAwait(false);
    }

    private static StoreReply Conflict(NameKind kind) =>
        StoreReply.Refused(kind == NameKind.Token ? ErrorCode.TokenConflict : ErrorCode.SessionIdConflict);
}
