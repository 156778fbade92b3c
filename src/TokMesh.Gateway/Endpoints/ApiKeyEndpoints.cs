using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Meta;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Json;
using TokMesh.Gateway.Protection;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Replies;

namespace TokMesh.Gateway.Endpoints;

/// <summary>A3 to A5: API keys. A secret is in the answer that creates it and nowhere else.</summary>
internal static class ApiKeyEndpoints
{
    private const uint MetaGroup = 0;
    private const int MaxDescriptionBytes = 256;
    private const int DefaultRateLimit = 1000;
    private const int MaxRateLimit = 1_000_000;
    private const int Tries = 3;
    private const int VisibleMs = 1000;
    private const long YearMs = 365L * 24 * 3600 * 1000;

    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("/admin/v1").WithMetadata(new OperationTraits { IsAdminApi = true }).Needs(ApiRole.Admin);
        admin.MapPost("/keys", CreateAsync).Takes<NewApiKeyBody>().RefusesRepeats().WithSummary("Creates an API key; its secret is told this once.");
        admin.MapRead("/keys", ListAsync).WithMetadata(new QueryParameters("page", "size", "role", "status")).WithSummary("The API keys, without their secrets.");
        admin.MapPost("/keys/{key_id}/status", SetStatusAsync).Takes<KeyStatusBody>().RefusesRepeats().WithSummary("Enables or disables an API key.");
        routes.MapOtherMethods("GET, HEAD, POST", "/admin/v1/keys");
        routes.MapOtherMethods("POST", "/admin/v1/keys/{key_id}/status");
    }

    private static async ValueTask<Results<CreatedAnswer<NewApiKey>, Refusal>> CreateAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        var (unreadable, asked) = await exchange.ReadAsync<NewApiKeyBody>();
        if (unreadable is not null) return unreadable;
        var frontEnd = exchange.FrontEnd;
        var now = frontEnd.Clock.WallMs;
        if (Check(asked, now, out var role) is { } broken) return Refusal.Of(broken);
        var (id, secret, verifier) = Draw(frontEnd, now);
        var key = new ApiKey
        {
            KeyId = id.ToString(),
            Verifier = verifier,
            Role = role,
            Description = asked.Description ?? asked.Name ?? "",
            ExpiresAtMs = asked.ExpiresAt ?? 0,
            RateLimit = (int)(asked.RateLimit ?? DefaultRateLimit),
            CreatedAtMs = now,
            CreatedBy = exchange.Identity.Id.ToString(),
        };
        if (Refusal.Of(await PutAsync(key, exchange)) is { } refusal) return refusal;
        await WaitUntilVisibleAsync(frontEnd, key, exchange.Http.RequestAborted);
        GatewayLog.KeyCreated(frontEnd.Log, exchange.RequestId, key.KeyId, RoleText(role), key.CreatedBy);
        return ApiJson.Created(new NewApiKey(key.KeyId, secret, RoleText(role), key.CreatedAtMs, key.ExpiresAtMs, key.ExpiresAtMs == 0
            ? "Security Warning: the key never expires."
            : key.ExpiresAtMs - now > YearMs ? "Security Warning: the key is valid for more than 365 days." : null));
    }

    private static async ValueTask<Results<Answer<ApiKeyPage>, Refusal>> ListAsync(HttpContext http, KeyUsage usage)
    {
        var exchange = Exchange.Of(http);
        var query = exchange.ReadQuery();
        var (page, size) = query.Page();
        var byRole = query.Text("role");
        var badRole = TryRole(byRole, out var role) || byRole is null ? null : BadRole();
        bool? enabled = query.Text("status") is null ? null : !query.Choice("status", "active", "disabled");
        if ((query.Broken ?? badRole) is { } broken) return Refusal.Of(broken);
        var (reply, keys) = await ReadAsync(exchange, exchange.Consistency);
        if (Refusal.Of(reply) is { } refusal) return refusal;
        var found = keys.Where(k => (byRole is null || k.Role == role) && (enabled is null || k.Enabled == enabled)).ToList();
        var items = found.Skip((int)Math.Min((page - 1L) * size, int.MaxValue)).Take(size).Select(k => ViewOf(k, usage));
        return ApiJson.Answer(new ApiKeyPage([.. items], found.Count, new Pagination(page, size, found.Count)));
    }

    private static async ValueTask<Results<Answer<ApiKeyStatus>, Refusal>> SetStatusAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        if (exchange.ReadPath(1, out var text) is { } badPath) return Refusal.Of(badPath);
        if (!ApiKeyId.TryParse(text, out var id)) return Refusal.Of(ErrorCode.ArgumentInvalid, "key_id: not an API key id (tmak- and 26 characters)");
        var (unreadable, asked) = await exchange.ReadAsync<KeyStatusBody>();
        if (unreadable is not null) return unreadable;
        var status = asked.Status;
        if (status is not ("active" or "disabled"))
            return Refusal.Of(status is null ? ErrorCode.ArgumentMissing : ErrorCode.ArgumentInvalid, "status: must be 'active' or 'disabled'");
        for (var attempt = 1; ; attempt++)
        {
            var (read, keys) = await ReadAsync(exchange, Consistency.Linearizable);
            if (Refusal.Of(read) is { } unread) return unread;
            if (keys.FirstOrDefault(k => k.KeyId == id.ToString()) is not { } stored) return Refusal.Of(ErrorCode.AdminNotFound, "there is no such API key");
            var changed = stored with { Enabled = status == "active", Version = stored.Version + 1 };
            if (changed.Enabled != stored.Enabled)
            {
                var reply = await PutAsync(changed, exchange);
                if (reply.Error == ErrorCode.SessionVersionConflict && attempt < Tries) continue;
                if (Refusal.Of(reply) is { } refusal) return refusal;
                await WaitUntilVisibleAsync(exchange.FrontEnd, changed, exchange.Http.RequestAborted);
                GatewayLog.KeyStatusChanged(exchange.FrontEnd.Log, exchange.RequestId, changed.KeyId, status, exchange.Identity.Id.ToString());
            }
            return ApiJson.Answer(StatusOf(changed, keys, exchange.FrontEnd.Clock.WallMs));
        }
    }

    private static ApiKeyStatus StatusOf(ApiKey key, IReadOnlyList<ApiKey> before, long now)
    {
        var wasLast = !key.Enabled && key.Role == ApiRole.Admin && !before.Any(k => k.KeyId != key.KeyId && k.Role == ApiRole.Admin && IsUsable(k, now));
        return new ApiKeyStatus(key.KeyId, StatusText(key), now, wasLast ? "Security Warning: this was the last active admin key." : null);
    }

    private static RuleViolation? Check(in NewApiKeyBody body, long nowMs, out ApiRole role)
    {
        role = default;
        if (string.IsNullOrEmpty(body.Role)) return new(ErrorCode.ArgumentMissing, "role is required");
        if (!TryRole(body.Role, out role)) return BadRole();
        if (body is { Name: not null, Description: not null }) return new(ErrorCode.ArgumentConflict, "name and description exclude each other: one text is kept");
        if (TextRules.Check(body.Name is null ? "description" : "name", body.Description ?? body.Name) is { } noText) return noText;
        if (Encoding.UTF8.GetByteCount(body.Description ?? body.Name ?? "") > MaxDescriptionBytes)
            return new(ErrorCode.ArgumentInvalid, $"description: allowed are 0 to {MaxDescriptionBytes} bytes");
        if (body.RateLimit is < 1 or > MaxRateLimit) return new(ErrorCode.ArgumentInvalid, $"rate_limit: allowed are 1 to {MaxRateLimit}");
        if (body.ExpiresAt is { } at && at != 0 && at <= nowMs) return new(ErrorCode.ArgumentInvalid, "expires_at: must be Unix milliseconds in the future, or 0");
        // Taking a restriction and not keeping it would be worse than refusing it.
        return body.Allowedlist is { Count: > 0 } ? new(ErrorCode.ArgumentInvalid, "allowedlist: addresses per key are not supported yet; leave it empty") : null;
    }

    /// <summary>A new key's id, secret and verifier.</summary>
    private static (ApiKeyId Id, string Secret, string Verifier) Draw(GatewayFrontEnd frontEnd, long nowMs)
    {
        Span<byte> random = stackalloc byte[42];
        frontEnd.FillRandom(random);
        var secret = ApiSecret.Format(random[..32]);
        var id = new ApiKeyId(Ulid.Of(nowMs, random[32..]));
        CryptographicOperations.ZeroMemory(random);
        return (id, secret, SecretVerifier.Make(secret, frontEnd.FillRandom));
    }

    private static ValueTask<StoreReply> PutAsync(ApiKey key, Exchange exchange) =>
        exchange.FrontEnd.Store.CallAsync(MetaGroup, CallKind.Write, MetaOps.PutApiKey(key), Consistency.Linearizable, exchange.DeadlineMs);

    private static async ValueTask<(StoreReply Reply, IReadOnlyList<ApiKey> Keys)> ReadAsync(Exchange exchange, Consistency consistency)
    {
        var reply = await exchange.FrontEnd.Store.CallAsync(MetaGroup, CallKind.Read, MetaOps.ListApiKeys(), consistency, exchange.DeadlineMs);
        return (reply, reply.IsOk ? MetaOps.ReadApiKeys(new ReplyReader(reply.Body.Span).Bulk()) : []);
    }

    /// <summary>
    /// The answer comes when this node knows the key, so that its first use here succeeds. Another node may be a moment behind;
    /// waiting for a slow one is not worth more than a second.
    /// </summary>
    private static async ValueTask WaitUntilVisibleAsync(GatewayFrontEnd frontEnd, ApiKey key, CancellationToken stop)
    {
        var until = frontEnd.Node.NowMs + VisibleMs;
        while (!(frontEnd.Node.Meta is { } meta && meta.ApiKeys.TryGetValue(key.KeyId, out var seen) && seen.Version >= key.Version) && frontEnd.Node.NowMs < until)
            await Task.Delay(2, stop);
    }

    private static ApiKeyView ViewOf(ApiKey key, KeyUsage usage) => new(key.KeyId, RoleText(key.Role), key.Description, key.CreatedAtMs, key.CreatedBy, key.ExpiresAtMs,
        ApiKeyId.TryParse(key.KeyId, out var id) ? usage.LastUsedMs(id) : 0, StatusText(key), key.RateLimit, [], key.Version);

    private static bool TryRole(string? text, out ApiRole role)
    {
        foreach (var candidate in Enum.GetValues<ApiRole>())
        {
            if (RoleText(candidate) != text) continue;
            role = candidate;
            return true;
        }
        role = default;
        return false;
    }

    private static RuleViolation BadRole() => new(ErrorCode.ArgumentInvalid, "role: must be 'metrics', 'validator', 'issuer' or 'admin'");

    private static bool IsUsable(ApiKey key, long nowMs) => key.Enabled && (key.ExpiresAtMs == 0 || key.ExpiresAtMs > nowMs);

    private static string StatusText(ApiKey key) => key.Enabled ? "active" : "disabled";

    private static string RoleText(ApiRole role) => role switch
    {
        ApiRole.Metrics => "metrics",
        ApiRole.Validator => "validator",
        ApiRole.Issuer => "issuer",
        ApiRole.Admin => "admin",
        _ => ((byte)role).ToString(CultureInfo.InvariantCulture),
    };
}

/// <summary>A key that has just been made.</summary>
internal sealed record NewApiKey(string KeyId, string KeySecret, string Role, long CreatedAt, long ExpiresAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Warning);

/// <summary>A key as administrators see it.</summary>
internal sealed record ApiKeyView(string KeyId, string Role, string Description, long CreatedAt, string CreatedBy, long ExpiresAt, long LastUsedAt, string Status, int RateLimit,
    string[] Allowedlist, ulong Version);

/// <summary>One page of keys.</summary>
internal sealed record ApiKeyPage(ApiKeyView[] Items, int TotalItems, Pagination Pagination);

/// <summary>Which page it is, and of how many items in all.</summary>
internal sealed record Pagination(int Page, int Size, int Total);

/// <summary>A key's status after a change.</summary>
internal sealed record ApiKeyStatus(string KeyId, string Status, long UpdatedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Warning);
