using Microsoft.AspNetCore.Http;
using TokMesh.Cluster.Sessions;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Json;
using TokMesh.Gateway.Metering;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;
using TokMesh.State.Replies;

namespace TokMesh.Gateway.Endpoints;

/// <summary>Sessions by id and by user.</summary>
internal sealed class SessionEndpoints(GatewayFrontEnd frontEnd, GatewayMeter meter)
{
    public async ValueTask CreateAsync(Exchange exchange)
    {
        var (ok, body) = await exchange.ReadBodyAsync<CreateBody>(CreateBody.TryRead);
        if (!ok) return;
        var (reply, token) = await frontEnd.Sessions.CreateAsync(new NewSession
        {
            UserId = body.UserId,
            DeviceId = body.DeviceId,
            TtlMs = body.TtlSeconds is { } seconds ? SessionLimits.ToMs(seconds) : null,
            Data = body.Data,
            Token = body.Token,
        }, exchange.Caller(withAccess: true));
        if (reply.Error == ErrorCode.SessionQuotaExceeded) meter.QuotaExceeded();
        if (exchange.FailIfRefused(reply)) return;
        meter.SessionCreated();
        SessionJson.WriteCreated(exchange.Begin(StatusCodes.Status201Created), new ReplyReader(reply.Body.Span).Session(), token);
    }

    public async ValueTask GetAsync(Exchange exchange)
    {
        if (!exchange.TrySessionId(0, out var id)) return;
        var reply = await frontEnd.Sessions.GetAsync(id, exchange.Caller());
        if (!exchange.FailIfRefused(reply)) SessionJson.Write(exchange.Begin(), new ReplyReader(reply.Body.Span).Session());
    }

    public async ValueTask TouchAsync(Exchange exchange)
    {
        if (!exchange.TrySessionId(1, out var id)) return;
        var query = new QueryReader(exchange.Http.Request.QueryString.Value, "fields");
        var fields = query.Fields("fields");
        if (query.Broken is { } broken)
        {
            exchange.Fail(broken);
            return;
        }
        var (ok, _) = await exchange.ReadBodyAsync<EmptyBody>(EmptyBody.TryRead);
        if (!ok) return;
        var reply = await frontEnd.Sessions.TouchAsync(id, exchange.Caller());
        if (!exchange.FailIfRefused(reply)) SessionJson.Write(exchange.Begin(), new ReplyReader(reply.Body.Span).Session(), fields);
    }

    public async ValueTask RenewAsync(Exchange exchange)
    {
        if (!exchange.TrySessionId(1, out var id)) return;
        var (ok, body) = await exchange.ReadBodyAsync<RenewBody>(RenewBody.TryRead);
        if (!ok) return;
        if (body.TtlSeconds is not { } seconds)
        {
            exchange.Fail(ErrorCode.ArgumentMissing, "ttl_seconds is required");
            return;
        }
        var ttlMs = SessionLimits.ToMs(seconds);
        var reply = body.IfVersion is { } version
            ? await frontEnd.Sessions.RenewIfAsync(id, version, ttlMs, exchange.Caller())
            : await frontEnd.Sessions.RenewAsync(id, ttlMs, exchange.Caller());
        if (!exchange.FailIfConflict(reply) && !exchange.FailIfRefused(reply)) WriteNumber(exchange, "new_expires_at"u8, new ReplyReader(reply.Body.Span).Integer());
    }

    public async ValueTask RevokeAsync(Exchange exchange)
    {
        if (!exchange.TrySessionId(1, out var id)) return;
        var (ok, body) = await exchange.ReadBodyAsync<RevokeOneBody>(RevokeOneBody.TryRead);
        if (!ok) return;
        var reply = body.IfVersion is { } version
            ? await frontEnd.Sessions.RevokeIfAsync(id, version, exchange.Caller())
            : await frontEnd.Sessions.RevokeAsync(id, exchange.Caller());
        if (exchange.FailIfConflict(reply) || exchange.FailIfRefused(reply)) return;
        var json = exchange.Begin();
        json.WriteStartObject();
        // Without the condition the answer is an empty object.
        if (body.IfVersion is not null) json.WriteBoolean("revoked"u8, new ReplyReader(reply.Body.Span).Integer() > 0);
        json.WriteEndObject();
    }

    public async ValueTask RevokeUserAsync(Exchange exchange)
    {
        if (exchange.PathBytes(2) is not { } bytes) return;
        if (TextRules.Read("user_id", bytes, out var user) is { } broken)
        {
            exchange.Fail(broken);
            return;
        }
        var (ok, _) = await exchange.ReadBodyAsync<RevokeBody>(RevokeBody.TryRead);
        if (!ok) return;
        var reply = await frontEnd.Sessions.RevokeUserAsync(user, exchange.Caller());
        if (!exchange.FailIfRefused(reply)) WriteNumber(exchange, "revoked_count"u8, new ReplyReader(reply.Body.Span).Integer());
    }

    private static void WriteNumber(Exchange exchange, ReadOnlySpan<byte> name, long value)
    {
        var json = exchange.Begin();
        json.WriteStartObject();
        json.WriteNumber(name, value);
        json.WriteEndObject();
    }
}
