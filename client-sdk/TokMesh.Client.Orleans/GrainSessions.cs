namespace TokMesh.Client.Orleans;

/// <summary>Sessions through grains.</summary>
internal sealed class GrainSessions(ISessionGrain grain, GrainCalls calls) : ITokMeshSessions
{
    public Task<CreatedSession> CreateAsync(NewSession session, CallOptions? options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentException.ThrowIfNullOrEmpty(session.UserId);
        // Here, since the serializer between silos would replace what is no text.
        TextArgument.Check(session);
        var wire = new NewSessionWire
        {
            UserId = session.UserId,
            TtlSeconds = session.Ttl is { } ttl ? TimeToLive.Seconds(nameof(session.Ttl), ttl) : null,
            DeviceId = session.DeviceId,
            Data = session.Data is null ? null : new Dictionary<string, string>(session.Data),
            Token = session.Token,
        };
        return calls.RunAsync(Effect.Once, options, (call, token) => grain.CreateAsync(wire, call, token), static created => new CreatedSession
        {
            Id = created!.Id,
            Token = created.Token,
            ExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(created.ExpiresAtMs),
        }, cancel);
    }

    public Task<Session?> GetAsync(string sessionId, CallOptions? options, CancellationToken cancel)
    {
        ArgumentException.ThrowIfNullOrEmpty(sessionId);
        return calls.RunAsync(Effect.None, options, (call, token) => grain.GetAsync(sessionId, call, token), SessionOf, cancel, IsNoSession);
    }

    public async Task<TokenValidation> ValidateAsync(string token, bool touch, CallOptions? options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Length == 0) return TokenValidation.NotValid(TokenStatus.Invalid);
        TokenValidation? notValid = null;
        var session = await calls.RunAsync(touch ? Effect.Idempotent : Effect.None, options, (call, limit) => grain.ValidateAsync(token, touch, call, limit), SessionOf, cancel,
            code => (notValid = TokenValidation.OfCode(code)) is not null).ConfigureAwait(false);
        return notValid ?? TokenValidation.Valid(session!);
    }

    public Task<Session?> TouchAsync(string sessionId, CallOptions? options, CancellationToken cancel)
    {
        ArgumentException.ThrowIfNullOrEmpty(sessionId);
        return calls.RunAsync(Effect.Idempotent, options, (call, token) => grain.TouchAsync(sessionId, call, token), SessionOf, cancel, IsNoSession);
    }

    public Task<DateTimeOffset?> RenewAsync(string sessionId, TimeSpan ttl, CallOptions? options, CancellationToken cancel)
    {
        ArgumentException.ThrowIfNullOrEmpty(sessionId);
        var seconds = TimeToLive.Seconds(nameof(ttl), ttl);
        // No session's expiry is 0: what a refusal leaves there.
        return calls.RunAsync(Effect.Once, options, (call, token) => grain.RenewAsync(sessionId, seconds, call, token),
            static ms => ms == 0 ? (DateTimeOffset?)null : DateTimeOffset.FromUnixTimeMilliseconds(ms), cancel, IsNoSession);
    }

    public Task<ConditionalResult> RenewIfAsync(string sessionId, ulong version, TimeSpan ttl, CallOptions? options, CancellationToken cancel)
    {
        ArgumentException.ThrowIfNullOrEmpty(sessionId);
        var seconds = TimeToLive.Seconds(nameof(ttl), ttl);
        return calls.RunAsync(Effect.Once, options, (call, token) => grain.RenewIfAsync(sessionId, version, seconds, call, token), ResultOf, cancel);
    }

    public Task<ConditionalResult> RevokeIfAsync(string sessionId, ulong version, CallOptions? options, CancellationToken cancel)
    {
        ArgumentException.ThrowIfNullOrEmpty(sessionId);
        return calls.RunAsync(Effect.Once, options, (call, token) => grain.RevokeIfAsync(sessionId, version, call, token), ResultOf, cancel);
    }

    public Task RevokeAsync(string sessionId, CallOptions? options, CancellationToken cancel)
    {
        ArgumentException.ThrowIfNullOrEmpty(sessionId);
        return calls.RunAsync(Effect.Idempotent, options, (call, token) => grain.RevokeAsync(sessionId, call, token), static count => count, cancel);
    }

    public Task<long> RevokeUserAsync(string userId, CallOptions? options, CancellationToken cancel)
    {
        ArgumentException.ThrowIfNullOrEmpty(userId);
        TextArgument.Check("user_id", userId);
        return calls.RunAsync(Effect.Idempotent, options, (call, token) => grain.RevokeUserAsync(userId, call, token), static count => count, cancel);
    }

    public Task<SessionPage> ListAsync(SessionQuery query, CallOptions? options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(query);
        query.Check();
        var wire = new SessionQueryWire
        {
            UserId = query.UserId,
            DeviceId = query.DeviceId,
            ByLastActive = query.ByLastActive,
            Ascending = query.Ascending,
            Page = query.Page,
            PageSize = query.PageSize,
        };
        return calls.RunAsync(Effect.None, options, (call, token) => grain.ListAsync(wire, call, token),
            static page => new SessionPage([.. page!.Items.Select(static s => s.ToSession())], page.Total), cancel);
    }

    private static Session? SessionOf(SessionWire? wire) => wire?.ToSession();

    private static ConditionalResult ResultOf(ConditionalWire wire) => new((ConditionalStatus)wire.Status, wire.Version);

    private static bool IsNoSession(string code) => code is TokMeshErrorCode.SessionNotFound or TokMeshErrorCode.SessionExpired;
}
