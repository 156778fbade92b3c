using System.Globalization;
using System.Text;

namespace TokMesh.Client;

/// <summary>Sessions over HTTP.</summary>
internal sealed class HttpSessions(HttpCalls calls) : ITokMeshSessions
{
    public Task<CreatedSession> CreateAsync(NewSession session, CallOptions? options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentException.ThrowIfNullOrEmpty(session.UserId);
        TextArgument.Check(session);
        var plan = HttpRequestPlan.Post(Effect.Once, "sessions", json =>
        {
            json.WriteString("user_id"u8, session.UserId);
            if (session.DeviceId is not null) json.WriteString("device_id"u8, session.DeviceId);
            if (session.Ttl is { } ttl) json.WriteNumber("ttl_seconds"u8, TimeToLive.Seconds(nameof(session.Ttl), ttl));
            if (session.Token is not null) json.WriteString("token"u8, session.Token);
            if (session.Data is null) return;
            json.WriteStartObject("data"u8);
            foreach (var (name, value) in session.Data) json.WriteString(name, value);
            json.WriteEndObject();
        });
        return calls.RunAsync(plan, options, static data => new CreatedSession
        {
            Id = data.GetProperty("session_id").GetString()!,
            Token = data.GetProperty("token").GetString()!,
            ExpiresAt = SessionReader.Time(data, "expires_at"),
        }, null, cancel);
    }

    public Task<Session?> GetAsync(string sessionId, CallOptions? options, CancellationToken cancel) =>
        calls.RunAsync<Session?>(HttpRequestPlan.Get(PathOf(sessionId)), options, SessionReader.Read, NoSession, cancel);

    public Task<TokenValidation> ValidateAsync(string token, bool touch, CallOptions? options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Length == 0) return Task.FromResult(TokenValidation.NotValid(TokenStatus.Invalid));
        var plan = HttpRequestPlan.Post(touch ? Effect.Idempotent : Effect.None, "tokens/validate", json =>
        {
            json.WriteString("token"u8, token);
            if (touch) json.WriteBoolean("touch"u8, true);
        });
        return calls.RunAsync(plan, options, static data => TokenValidation.Valid(SessionReader.Read(data.GetProperty("session"))), NotValid, cancel);
    }

    public Task<Session?> TouchAsync(string sessionId, CallOptions? options, CancellationToken cancel) =>
        calls.RunAsync<Session?>(HttpRequestPlan.Post(Effect.Idempotent, PathOf(sessionId) + "/touch"), options, SessionReader.Read, NoSession, cancel);

    public Task<DateTimeOffset?> RenewAsync(string sessionId, TimeSpan ttl, CallOptions? options, CancellationToken cancel)
    {
        var seconds = TimeToLive.Seconds(nameof(ttl), ttl);
        var plan = HttpRequestPlan.Post(Effect.Once, PathOf(sessionId) + "/renew", json => json.WriteNumber("ttl_seconds"u8, seconds));
        return calls.RunAsync<DateTimeOffset?>(plan, options, static data => SessionReader.Time(data, "new_expires_at"), NoSession, cancel);
    }

    public Task<ConditionalResult> RenewIfAsync(string sessionId, ulong version, TimeSpan ttl, CallOptions? options, CancellationToken cancel)
    {
        var seconds = TimeToLive.Seconds(nameof(ttl), ttl);
        var plan = HttpRequestPlan.Post(Effect.Once, PathOf(sessionId) + "/renew", json =>
        {
            json.WriteNumber("ttl_seconds"u8, seconds);
            json.WriteNumber("if_version"u8, version);
        });
        return calls.RunAsync(plan, options, static _ => new ConditionalResult(ConditionalStatus.Done), NotChanged, cancel);
    }

    public Task<ConditionalResult> RevokeIfAsync(string sessionId, ulong version, CallOptions? options, CancellationToken cancel)
    {
        var plan = HttpRequestPlan.Post(Effect.Once, PathOf(sessionId) + "/revoke", json => json.WriteNumber("if_version"u8, version));
        return calls.RunAsync(plan, options,
            static data => new ConditionalResult(data.GetProperty("revoked").GetBoolean() ? ConditionalStatus.Done : ConditionalStatus.NotFound), NotChanged, cancel);
    }

    public Task RevokeAsync(string sessionId, CallOptions? options, CancellationToken cancel) =>
        calls.RunAsync(HttpRequestPlan.Post(Effect.Idempotent, PathOf(sessionId) + "/revoke"), options, static _ => true, null, cancel);

    public Task<long> RevokeUserAsync(string userId, CallOptions? options, CancellationToken cancel) =>
        calls.RunAsync(HttpRequestPlan.Post(Effect.Idempotent, $"users/{HttpRequestPlan.Segment(nameof(userId), userId)}/sessions/revoke"), options,
            static data => data.GetProperty("revoked_count").GetInt64(), null, cancel);

    public Task<SessionPage> ListAsync(SessionQuery query, CallOptions? options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(query);
        query.Check();
        var path = new StringBuilder("sessions?user_id=").Append(Uri.EscapeDataString(query.UserId));
        if (query.DeviceId is { Length: > 0 } device) path.Append("&device_id=").Append(Uri.EscapeDataString(device));
        path.Append(CultureInfo.InvariantCulture, $"&page={query.Page}&size={query.PageSize}");
        if (query.ByLastActive) path.Append("&sort_by=last_active");
        if (query.Ascending) path.Append("&sort_order=asc");
        return calls.RunAsync(HttpRequestPlan.Get(path.ToString()), options, static data => new SessionPage(
            [.. data.GetProperty("items").EnumerateArray().Select(SessionReader.Read)], data.GetProperty("total_items").GetInt64()), null, cancel);
    }

    private static string PathOf(string sessionId) => "sessions/" + HttpRequestPlan.Segment(nameof(sessionId), sessionId);

    private static bool NoSession<T>(in HttpAnswer answer, out T? value)
    {
        value = default;
        return answer.Code is TokMeshErrorCode.SessionNotFound or TokMeshErrorCode.SessionExpired;
    }

    private static bool NotChanged(in HttpAnswer answer, out ConditionalResult value)
    {
        value = answer.Code switch
        {
            TokMeshErrorCode.SessionNotFound or TokMeshErrorCode.SessionExpired => new ConditionalResult(ConditionalStatus.NotFound),
            TokMeshErrorCode.SessionVersionConflict => new ConditionalResult(ConditionalStatus.Conflict, answer.Details.GetProperty("version").GetUInt64()),
            _ => default,
        };
        return value.Status != ConditionalStatus.Done;
    }

    private static bool NotValid(in HttpAnswer answer, out TokenValidation value)
    {
        var known = TokenValidation.OfCode(answer.Code);
        value = known!;
        return known is not null;
    }
}
