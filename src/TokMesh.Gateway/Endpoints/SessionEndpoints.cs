using System.Text.Json;
using Microsoft.AspNetCore.Http;
using TokMesh.Cluster;
using TokMesh.State;

namespace TokMesh.Gateway;

/// <summary>B1 and B3 to B7: sessions by id and by user.</summary>
internal sealed class SessionEndpoints(GatewayDoor door, DoorMeter meter)
{
    private readonly GatewayOptions _options = door.Options;

    public async ValueTask CreateAsync(Exchange exchange)
    {
        var (ok, body) = await exchange.ReadBodyAsync<CreateBody>(CreateBody.TryRead);
        if (!ok) return;
        var ttl = body.TtlSeconds ?? _options.DefaultTtlSeconds;
        var broken = SessionRules.UserId(body.UserId)
            ?? SessionRules.DeviceId(body.DeviceId)
            ?? (body.Data is null ? null : SessionRules.Data(body.Data))
            ?? SessionRules.CreateTtl(ttl, _options.MaxTtlSeconds)
            ?? (body.Token is null || TokenRules.IsWellFormed(body.Token) ? null : Malformed());
        if (broken is not null)
        {
            exchange.Fail(broken);
            return;
        }
        var (reply, token) = await door.Sessions.CreateAsync(new NewSession
        {
            UserId = body.UserId!,
            DeviceId = body.DeviceId ?? "",
            TtlMs = ttl * 1000,
            Data = body.Data is null ? default : SessionData.Encode(body.Data),
            Token = body.Token,
            Quota = _options.QuotaPerUser,
        }, exchange.Caller(withAccess: true));
        if (reply.Error == ErrorCode.SessionQuotaExceeded) meter.QuotaExceeded();
        if (exchange.FailIfRefused(reply)) return;
        meter.SessionCreated();
        var session = new ReplyReader(reply.Body.Span).Session();
        var json = exchange.Begin(StatusCodes.Status201Created);
        json.WriteStartObject();
        WriteId(json, "session_id"u8, session.Id);
        json.WriteString("token"u8, token);
        json.WriteNumber("expires_at"u8, session.ExpiresAt);
        json.WriteEndObject();
    }

    public async ValueTask GetAsync(Exchange exchange)
    {
        if (!exchange.TrySessionId(0, out var id)) return;
        var reply = await door.Sessions.GetAsync(id, exchange.Caller());
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
        var reply = await door.Sessions.TouchAsync(id, exchange.Caller());
        if (!exchange.FailIfRefused(reply)) SessionJson.Write(exchange.Begin(), new ReplyReader(reply.Body.Span).Session(), fields);
    }

    public async ValueTask RenewAsync(Exchange exchange)
    {
        if (!exchange.TrySessionId(1, out var id)) return;
        var (ok, body) = await exchange.ReadBodyAsync<RenewBody>(RenewBody.TryRead);
        if (!ok) return;
        var broken = body.TtlSeconds is { } seconds
            ? SessionRules.RenewTtl(seconds, _options.MaxTtlSeconds)
            : new RuleViolation(ErrorCode.ArgumentMissing, "ttl_seconds is required");
        if (broken is not null)
        {
            exchange.Fail(broken);
            return;
        }
        var ttlMs = body.TtlSeconds!.Value * 1000;
        var reply = body.IfVersion is { } version
            ? await door.Sessions.RenewIfAsync(id, version, ttlMs, exchange.Caller())
            : await door.Sessions.RenewAsync(id, ttlMs, exchange.Caller());
        if (!exchange.FailIfConflict(reply) && !exchange.FailIfRefused(reply)) WriteNumber(exchange, "new_expires_at"u8, new ReplyReader(reply.Body.Span).Integer());
    }

    public async ValueTask RevokeAsync(Exchange exchange)
    {
        if (!exchange.TrySessionId(1, out var id)) return;
        var (ok, body) = await exchange.ReadBodyAsync<RevokeOneBody>(RevokeOneBody.TryRead);
        if (!ok) return;
        var reply = body.IfVersion is { } version
            ? await door.Sessions.RevokeIfAsync(id, version, exchange.Caller())
            : await door.Sessions.RevokeAsync(id, exchange.Caller());
        if (exchange.FailIfConflict(reply) || exchange.FailIfRefused(reply)) return;
        var json = exchange.Begin();
        json.WriteStartObject();
        // Without the condition the contract's answer is an empty object.
        if (body.IfVersion is not null) json.WriteBoolean("revoked"u8, new ReplyReader(reply.Body.Span).Integer() > 0);
        json.WriteEndObject();
    }

    public async ValueTask RevokeUserAsync(Exchange exchange)
    {
        if (exchange.PathBytes(2) is not { } bytes) return;
        var broken = TextRules.Read("user_id", bytes, out var user) ?? SessionRules.UserId(user);
        if (broken is not null)
        {
            exchange.Fail(broken);
            return;
        }
        var (ok, _) = await exchange.ReadBodyAsync<RevokeBody>(RevokeBody.TryRead);
        if (!ok) return;
        var reply = await door.Sessions.RevokeUserAsync(user, exchange.Caller());
        if (!exchange.FailIfRefused(reply)) WriteNumber(exchange, "revoked_count"u8, new ReplyReader(reply.Body.Span).Integer());
    }

    internal static RuleViolation Malformed() => new(ErrorCode.TokenMalformed, ErrorCode.TokenMalformed.Message());

    private static void WriteNumber(Exchange exchange, ReadOnlySpan<byte> name, long value)
    {
        var json = exchange.Begin();
        json.WriteStartObject();
        json.WriteNumber(name, value);
        json.WriteEndObject();
    }

    private static void WriteId(Utf8JsonWriter json, ReadOnlySpan<byte> name, SessionId id)
    {
        Span<byte> text = stackalloc byte[SessionId.TextLength];
        id.Format(text);
        json.WriteString(name, text);
    }
}
