using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Sessions;
using TokMesh.Gateway.Json;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;
using TokMesh.State.Replies;

namespace TokMesh.Gateway.Endpoints;

/// <summary>Sessions by id and by user.</summary>
internal static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sessions", CreateAsync).Takes<CreateBody>().IsQuick().Needs(ApiRole.Issuer).RefusesRepeats().WithSummary("Creates a session; its token is told this once.");
        routes.MapRead("/sessions/{session_id}", GetAsync).IsQuick().Needs(ApiRole.Validator).WithSummary("A session by its id.");
        routes.MapPost("/sessions/{session_id}/touch", TouchAsync).Takes<EmptyBody>().IsQuick().Needs(ApiRole.Validator).RefusesRepeats(mayBeRequired: false)
            .WithMetadata(new QueryParameters("fields")).WithSummary("Notes an access to a session.");
        routes.MapPost("/sessions/{session_id}/renew", RenewAsync).Takes<RenewBody>().IsQuick().Needs(ApiRole.Issuer).RefusesRepeats().WithSummary("Gives a session a new time to live from now.");
        routes.MapPost("/sessions/{session_id}/revoke", RevokeAsync).Takes<RevokeOneBody>().IsQuick().Needs(ApiRole.Issuer).RefusesRepeats().WithSummary("Revokes a session: its token is dead on every node when this answers.");
        routes.MapPost("/users/{user_id}/sessions/revoke", RevokeUserAsync).Takes<RevokeBody>().IsQuick().Needs(ApiRole.Issuer).RefusesRepeats().WithSummary("Revokes all sessions of a user.");
        routes.MapOtherMethods("GET, HEAD, POST", "/sessions");
        routes.MapOtherMethods("GET, HEAD", "/sessions/{session_id}");
        routes.MapOtherMethods("POST", "/sessions/{session_id}/touch", "/sessions/{session_id}/renew", "/sessions/{session_id}/revoke", "/users/{user_id}/sessions/revoke");
    }

    private static async ValueTask<Results<NewSessionAnswer, Refusal>> CreateAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        var (unreadable, asked) = await exchange.ReadAsync<CreateBody>();
        if (unreadable is not null) return unreadable;
        var (reply, token) = await exchange.FrontEnd.Sessions.CreateAsync(new NewSession
        {
            UserId = asked.UserId,
            DeviceId = asked.DeviceId,
            TtlMs = asked.TtlSeconds is { } seconds ? SessionLimits.ToMs(seconds) : null,
            Data = asked.Data,
            Token = asked.Token,
        }, exchange.Caller(withAccess: true));
        if (reply.Error == ErrorCode.SessionQuotaExceeded) exchange.Metrics.QuotaExceeded();
        if (Refusal.Of(reply) is { } refusal) return refusal;
        exchange.Metrics.SessionCreated();
        return new NewSessionAnswer(reply, token);
    }

    private static async ValueTask<Results<SessionAnswer, Refusal>> GetAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        if (exchange.ReadSessionId(0, out var id) is { } broken) return Refusal.Of(broken);
        var reply = await exchange.FrontEnd.Sessions.GetAsync(id, exchange.Caller());
        return Refusal.Of(reply) is { } refusal ? refusal : new SessionAnswer(reply);
    }

    private static async ValueTask<Results<SessionAnswer, Refusal>> TouchAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        if (exchange.ReadSessionId(1, out var id) is { } broken) return Refusal.Of(broken);
        var query = exchange.ReadQuery();
        var fields = query.Fields("fields");
        if (query.Broken is { } brokenQuery) return Refusal.Of(brokenQuery);
        var (unreadable, _) = await exchange.ReadAsync<EmptyBody>();
        if (unreadable is not null) return unreadable;
        var reply = await exchange.FrontEnd.Sessions.TouchAsync(id, exchange.Caller());
        return Refusal.Of(reply) is { } refusal ? refusal : new SessionAnswer(reply, fields);
    }

    private static async ValueTask<Results<Answer<Renewed>, Refusal>> RenewAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        if (exchange.ReadSessionId(1, out var id) is { } broken) return Refusal.Of(broken);
        var (unreadable, asked) = await exchange.ReadAsync<RenewBody>();
        if (unreadable is not null) return unreadable;
        if (asked.TtlSeconds is not { } seconds) return Refusal.Of(ErrorCode.ArgumentMissing, "ttl_seconds is required");
        var ttlMs = SessionLimits.ToMs(seconds);
        var sessions = exchange.FrontEnd.Sessions;
        var reply = asked.IfVersion is { } version
            ? await sessions.RenewIfAsync(id, version, ttlMs, exchange.Caller())
            : await sessions.RenewAsync(id, ttlMs, exchange.Caller());
        return Refusal.OfConditional(reply) is { } refusal ? refusal : ApiJson.Answer(new Renewed(new ReplyReader(reply.Body.Span).Integer()));
    }

    private static async ValueTask<Results<Answer<Revoked>, Refusal>> RevokeAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        if (exchange.ReadSessionId(1, out var id) is { } broken) return Refusal.Of(broken);
        var (unreadable, asked) = await exchange.ReadAsync<RevokeOneBody>();
        if (unreadable is not null) return unreadable;
        var sessions = exchange.FrontEnd.Sessions;
        var condition = asked.IfVersion;
        var reply = condition is { } version
            ? await sessions.RevokeIfAsync(id, version, exchange.Caller())
            : await sessions.RevokeAsync(id, exchange.Caller());
        if (Refusal.OfConditional(reply) is { } refusal) return refusal;
        return ApiJson.Answer(new Revoked(condition is null ? null : new ReplyReader(reply.Body.Span).Integer() > 0));
    }

    private static async ValueTask<Results<Answer<UserRevoked>, Refusal>> RevokeUserAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        if (exchange.ReadPath(2, out var bytes) is { } badPath) return Refusal.Of(badPath);
        if (TextRules.Read("user_id", bytes, out var user) is { } broken) return Refusal.Of(broken);
        var (unreadable, _) = await exchange.ReadAsync<RevokeBody>();
        if (unreadable is not null) return unreadable;
        var reply = await exchange.FrontEnd.Sessions.RevokeUserAsync(user, exchange.Caller());
        return Refusal.Of(reply) is { } refusal ? refusal : ApiJson.Answer(new UserRevoked(new ReplyReader(reply.Body.Span).Integer()));
    }
}

/// <summary>When a renewed session ends, in Unix milliseconds.</summary>
internal sealed record Renewed(long NewExpiresAt);

/// <summary>Whether a revoke that was tied to a version has revoked; without the condition the answer is an empty object.</summary>
internal sealed record Revoked([property: JsonPropertyName("revoked"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? IsRevoked);

/// <summary>How many sessions of a user were revoked.</summary>
internal sealed record UserRevoked(long RevokedCount);
