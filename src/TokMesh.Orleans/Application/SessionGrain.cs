using System.Text;
using Orleans.Concurrency;
using TokMesh.Client.Orleans;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Sessions;
using TokMesh.Orleans.Nodes;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;
using ConditionalStatus = TokMesh.Client.ConditionalStatus;
using ErrorCode = TokMesh.State.Errors.ErrorCode;

namespace TokMesh.Orleans.Application;

/// <summary>
/// Sessions for Orleans clients and code in silos, answered by the silo's own node, which finds the way to the shard. The rules are those
/// of the HTTP front end but for API keys: callers of grains are inside the cluster's trust, and created_by stays empty.
/// </summary>
[StatelessWorker, Reentrant]
public sealed class SessionGrain(NodeAccess access) : Grain, ISessionGrain
{
    /// <inheritdoc/>
    public Task<Reply<CreatedWire>> CreateAsync(NewSessionWire session, CallWire call, CancellationToken cancel) => RunAsync(null, call, async (sessions, caller) =>
    {
        var (reply, token) = await sessions.CreateAsync(new NewSession
        {
            UserId = session.UserId,
            DeviceId = session.DeviceId,
            TtlMs = session.TtlSeconds is { } seconds ? SessionLimits.ToMs(seconds) : null,
            Data = session.Data,
            Token = session.Token,
        }, caller);
        return Replies.Of(reply, (in StoreReply r) =>
        {
            var created = new ReplyReader(r.Body.Span).Session();
            return new CreatedWire { Id = created.Id.ToString(), Token = token, ExpiresAtMs = created.ExpiresAt };
        });
    }, cancel);

    /// <inheritdoc/>
    public Task<Reply<SessionWire>> GetAsync(string sessionId, CallWire call, CancellationToken cancel) =>
        RunAsync(IdRule(sessionId, out var id), call, async (sessions, caller) => Replies.Of(await sessions.GetAsync(id, caller), SessionOf), cancel);

    /// <inheritdoc/>
    public Task<Reply<SessionWire>> ValidateAsync(string token, bool touch, CallWire call, CancellationToken cancel) =>
        RunAsync(null, call, async (sessions, caller) => Replies.Of(await sessions.ValidateAsync(token, touch, caller), SessionOf), cancel);

    /// <inheritdoc/>
    public Task<Reply<SessionWire>> TouchAsync(string sessionId, CallWire call, CancellationToken cancel) =>
        RunAsync(IdRule(sessionId, out var id), call, async (sessions, caller) => Replies.Of(await sessions.TouchAsync(id, caller), SessionOf), cancel);

    /// <inheritdoc/>
    public Task<Reply<long>> RenewAsync(string sessionId, long ttlSeconds, CallWire call, CancellationToken cancel) =>
        RunAsync(IdRule(sessionId, out var id), call, async (sessions, caller) => Replies.Of(await sessions.RenewAsync(id, SessionLimits.ToMs(ttlSeconds), caller), IntegerOf), cancel);

    /// <inheritdoc/>
    public Task<Reply<long>> RevokeAsync(string sessionId, CallWire call, CancellationToken cancel) =>
        RunAsync(IdRule(sessionId, out var id), call, async (sessions, caller) => Replies.Of(await sessions.RevokeAsync(id, caller), IntegerOf), cancel);

    /// <inheritdoc/>
    public Task<Reply<ConditionalWire>> RenewIfAsync(string sessionId, ulong version, long ttlSeconds, CallWire call, CancellationToken cancel) =>
        RunAsync(IdRule(sessionId, out var id), call, async (sessions, caller) => ConditionalOf(await sessions.RenewIfAsync(id, version, SessionLimits.ToMs(ttlSeconds), caller)), cancel);

    /// <inheritdoc/>
    public Task<Reply<ConditionalWire>> RevokeIfAsync(string sessionId, ulong version, CallWire call, CancellationToken cancel) =>
        RunAsync(IdRule(sessionId, out var id), call, async (sessions, caller) => ConditionalOf(await sessions.RevokeIfAsync(id, version, caller)), cancel);

    /// <inheritdoc/>
    public Task<Reply<long>> RevokeUserAsync(string userId, CallWire call, CancellationToken cancel) =>
        RunAsync(null, call, async (sessions, caller) => Replies.Of(await sessions.RevokeUserAsync(userId, caller), IntegerOf), cancel);

    /// <inheritdoc/>
    public Task<Reply<SessionPageWire>> ListAsync(SessionQueryWire query, CallWire call, CancellationToken cancel)
    {
        var depth = (long)query.Page * query.PageSize;
        var broken = SessionRules.UserId(query.UserId) ?? SessionRules.DeviceId(query.DeviceId)
            ?? (query.Page < 1 || query.PageSize is < 1 or > SessionService.MaxPageSize || depth > SessionService.MaxSearchDepth
                ? new RuleViolation(ErrorCode.ArgumentInvalid, $"page: from 1, size 1 to {SessionService.MaxPageSize}, page times size at most {SessionService.MaxSearchDepth}")
                : null);
        return RunAsync(broken, call, async (sessions, caller) =>
        {
            var replies = await sessions.SearchAsync(new SessionSearch
            {
                UserId = TextRules.Utf8.GetBytes(query.UserId),
                DeviceId = query.DeviceId is { Length: > 0 } device ? TextRules.Utf8.GetBytes(device) : default(ReadOnlyMemory<byte>?),
                SortBy = query.ByLastActive ? SearchSort.LastActive : SearchSort.CreatedAt,
                Descending = !query.Ascending,
                Limit = (int)depth,
            }, caller);
            // All of a user's sessions are in one shard.
            return Replies.Of(replies[0], (in StoreReply reply) => PageOf(reply, (int)depth - query.PageSize));
        }, cancel);
    }

    private static RuleViolation? IdRule(string text, out SessionId id) =>
        SessionId.TryParse(text, out id) ? null : new RuleViolation(ErrorCode.ArgumentInvalid, "session_id: not a session id (tmss- and 26 characters)");

    private async Task<Reply<T>> RunAsync<T>(RuleViolation? broken, CallWire call, Func<SessionService, Caller, ValueTask<Reply<T>>> ask, CancellationToken cancel)
    {
        if (broken is not null) return Replies.Refused<T>(broken);
        // Later there is no way back: what is in a log cannot be called off.
        cancel.ThrowIfCancellationRequested();
        try
        {
            var caller = new Caller(Replies.DeadlineMs(access.Node, call), Replies.ConsistencyOf(call), null, default, default);
            return await ask(access.Sessions, caller);
        }
        catch (NodeNotReadyException e)
        {
            return Replies.NotReady<T>(e);
        }
    }

    // Both operations answer with an integer that is above 0 exactly when the session was changed.
    private static Reply<ConditionalWire> ConditionalOf(in StoreReply reply) => reply.Error switch
    {
        ErrorCode.SessionNotFound or ErrorCode.SessionExpired => Replies.Ok(new ConditionalWire((byte)ConditionalStatus.NotFound, 0)),
        ErrorCode.SessionVersionConflict => Replies.Ok(new ConditionalWire((byte)ConditionalStatus.Conflict, Replies.PresentVersion(reply))),
        _ => Replies.Of(reply, static (in StoreReply r) =>
            new ConditionalWire((byte)(IntegerOf(r) > 0 ? ConditionalStatus.Done : ConditionalStatus.NotFound), 0)),
    };

    private static long IntegerOf(in StoreReply reply) => new ReplyReader(reply.Body.Span).Integer();

    private static SessionWire SessionOf(in StoreReply reply) => WireOf(new ReplyReader(reply.Body.Span).Session());

    private static SessionPageWire PageOf(in StoreReply reply, int skip)
    {
        var reader = new ReplyReader(reply.Body.Span);
        reader.SessionList(out var total, out var count);
        var items = new List<SessionWire>();
        for (var i = 0; i < count; i++)
        {
            var session = reader.NextSession();
            if (i >= skip) items.Add(WireOf(session));
        }
        return new SessionPageWire { Items = items, Total = total };
    }

    private static SessionWire WireOf(in SessionView session)
    {
        var data = new Dictionary<string, string>(StringComparer.Ordinal);
        var pairs = session.Data;
        while (pairs.MoveNext()) data[Encoding.UTF8.GetString(pairs.Key)] = Encoding.UTF8.GetString(pairs.Value);
        return new SessionWire
        {
            Id = session.Id.ToString(),
            UserId = Encoding.UTF8.GetString(session.UserId),
            DeviceId = Encoding.UTF8.GetString(session.DeviceId),
            IpAddress = IpBytes.ToText(session.Ip),
            UserAgent = Encoding.UTF8.GetString(session.UserAgent),
            LastAccessIp = IpBytes.ToText(session.LastAccessIp),
            LastAccessUserAgent = Encoding.UTF8.GetString(session.LastAccessUserAgent),
            CreatedBy = session.CreatedBy?.ToString() ?? "",
            CreatedAtMs = session.CreatedAt,
            ExpiresAtMs = session.ExpiresAt,
            LastActiveMs = session.LastActive,
            Version = session.Version,
            Data = data,
        };
    }
}
