using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
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
internal sealed class ApiKeyEndpoints(GatewayFrontEnd frontEnd, KeyUsage usage)
{
    private const uint MetaGroup = 0;
    private const int MaxDescriptionBytes = 256;
    private const int DefaultRateLimit = 1000;
    private const int MaxRateLimit = 1_000_000;
    private const int Tries = 3;
    private const int VisibleMs = 1000;
    private const long YearMs = 365L * 24 * 3600 * 1000;

    public async ValueTask CreateAsync(Exchange exchange)
    {
        var (ok, body) = await exchange.ReadBodyAsync<NewApiKeyBody>(NewApiKeyBody.TryRead);
        if (!ok) return;
        var now = frontEnd.Clock.WallMs;
        if (Check(body, now, out var role) is { } broken)
        {
            exchange.Fail(broken);
            return;
        }
        var (id, secret, verifier) = Draw(now);
        var key = new ApiKey
        {
            KeyId = id.ToString(),
            Verifier = verifier,
            Role = role,
            Description = body.Description ?? body.Name ?? "",
            ExpiresAtMs = body.ExpiresAtMs ?? 0,
            RateLimit = (int)(body.RateLimit ?? DefaultRateLimit),
            CreatedAtMs = now,
            CreatedBy = exchange.Identity.Id.ToString(),
        };
        var reply = await PutAsync(key, exchange);
        if (exchange.FailIfRefused(reply)) return;
        await WaitUntilVisibleAsync(key, exchange.Http.RequestAborted);
        GatewayLog.KeyCreated(frontEnd.Log, exchange.RequestId, key.KeyId, RoleText(role), key.CreatedBy);
        var json = exchange.Begin(StatusCodes.Status201Created);
        json.WriteStartObject();
        json.WriteString("key_id"u8, key.KeyId);
        json.WriteString("key_secret"u8, secret);
        json.WriteString("role"u8, RoleText(role));
        json.WriteNumber("created_at"u8, key.CreatedAtMs);
        json.WriteNumber("expires_at"u8, key.ExpiresAtMs);
        if (key.ExpiresAtMs == 0) json.WriteString("warning"u8, "Security Warning: the key never expires."u8);
        else if (key.ExpiresAtMs - now > YearMs) json.WriteString("warning"u8, "Security Warning: the key is valid for more than 365 days."u8);
        json.WriteEndObject();
    }

    public async ValueTask ListAsync(Exchange exchange)
    {
        var query = new QueryReader(exchange.Http.Request.QueryString.Value, "page", "size", "role", "status");
        var (page, size) = query.Page();
        var byRole = query.Text("role");
        var badRole = TryRole(byRole, out var role) || byRole is null ? null : BadRole();
        bool? enabled = query.Text("status") is null ? null : !query.Choice("status", "active", "disabled");
        var broken = query.Broken ?? badRole;
        if (broken is not null)
        {
            exchange.Fail(broken);
            return;
        }
        var (reply, keys) = await ReadAsync(exchange, exchange.Consistency);
        if (exchange.FailIfRefused(reply)) return;
        var found = keys.Where(k => (byRole is null || k.Role == role) && (enabled is null || k.Enabled == enabled)).ToList();
        var json = exchange.Begin();
        json.WriteStartObject();
        json.WriteStartArray("items"u8);
        foreach (var key in found.Skip((int)Math.Min((page - 1L) * size, int.MaxValue)).Take(size)) Write(json, key);
        json.WriteEndArray();
        json.WriteNumber("total_items"u8, found.Count);
        json.WriteStartObject("pagination"u8);
        json.WriteNumber("page"u8, page);
        json.WriteNumber("size"u8, size);
        json.WriteNumber("total"u8, found.Count);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public async ValueTask SetStatusAsync(Exchange exchange)
    {
        if (exchange.PathBytes(1) is not { } text) return;
        if (!ApiKeyId.TryParse(text, out var id))
        {
            exchange.Fail(ErrorCode.ArgumentInvalid, "key_id: not an API key id (tmak- and 26 characters)");
            return;
        }
        var (ok, body) = await exchange.ReadBodyAsync<KeyStatusBody>(KeyStatusBody.TryRead);
        if (!ok) return;
        if (body.Status is not ("active" or "disabled"))
        {
            exchange.Fail(body.Status is null ? ErrorCode.ArgumentMissing : ErrorCode.ArgumentInvalid, "status: must be 'active' or 'disabled'");
            return;
        }
        for (var attempt = 1; ; attempt++)
        {
            var (read, keys) = await ReadAsync(exchange, Consistency.Linearizable);
            if (exchange.FailIfRefused(read)) return;
            if (keys.FirstOrDefault(k => k.KeyId == id.ToString()) is not { } stored)
            {
                exchange.Fail(ErrorCode.AdminNotFound, "there is no such API key");
                return;
            }
            var changed = stored with { Enabled = body.Status == "active", Version = stored.Version + 1 };
            if (changed.Enabled != stored.Enabled)
            {
                var reply = await PutAsync(changed, exchange);
                if (reply.Error == ErrorCode.SessionVersionConflict && attempt < Tries) continue;
                if (exchange.FailIfRefused(reply)) return;
                await WaitUntilVisibleAsync(changed, exchange.Http.RequestAborted);
                GatewayLog.KeyStatusChanged(frontEnd.Log, exchange.RequestId, changed.KeyId, body.Status, exchange.Identity.Id.ToString());
            }
            WriteStatus(exchange, changed, keys);
            return;
        }
    }

    private void WriteStatus(Exchange exchange, ApiKey key, IReadOnlyList<ApiKey> before)
    {
        var now = frontEnd.Clock.WallMs;
        var json = exchange.Begin();
        json.WriteStartObject();
        json.WriteString("key_id"u8, key.KeyId);
        json.WriteString("status"u8, StatusText(key));
        json.WriteNumber("updated_at"u8, now);
        if (!key.Enabled && key.Role == ApiRole.Admin && !before.Any(k => k.KeyId != key.KeyId && k.Role == ApiRole.Admin && IsUsable(k, now)))
            json.WriteString("warning"u8, "Security Warning: this was the last active admin key."u8);
        json.WriteEndObject();
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
        if (body.ExpiresAtMs is { } at && at != 0 && at <= nowMs) return new(ErrorCode.ArgumentInvalid, "expires_at: must be Unix milliseconds in the future, or 0");
        // Taking a restriction and not keeping it would be worse than refusing it.
        return body.Allowed > 0 ? new(ErrorCode.ArgumentInvalid, "allowedlist: addresses per key are not supported yet; leave it empty") : null;
    }

    /// <summary>A new key's id, secret and verifier.</summary>
    private (ApiKeyId Id, string Secret, string Verifier) Draw(long nowMs)
    {
        Span<byte> random = stackalloc byte[42];
        frontEnd.FillRandom(random);
        var secret = ApiSecret.Format(random[..32]);
        var id = new ApiKeyId(Ulid.Of(nowMs, random[32..]));
        CryptographicOperations.ZeroMemory(random);
        return (id, secret, SecretVerifier.Make(secret, frontEnd.FillRandom));
    }

    private ValueTask<StoreReply> PutAsync(ApiKey key, Exchange exchange)
    {
        var operation = MetaOps.PutApiKey(key);
        return frontEnd.Store.CallAsync(MetaGroup, CallKind.Write, operation, Consistency.Linearizable, exchange.DeadlineMs);
    }

    private async ValueTask<(StoreReply Reply, IReadOnlyList<ApiKey> Keys)> ReadAsync(Exchange exchange, Consistency consistency)
    {
        var reply = await frontEnd.Store.CallAsync(MetaGroup, CallKind.Read, MetaOps.ListApiKeys(), consistency, exchange.DeadlineMs);
        return (reply, reply.IsOk ? MetaOps.ReadApiKeys(new ReplyReader(reply.Body.Span).Bulk()) : []);
    }

    /// <summary>
    /// The answer comes when this node knows the key, so that its first use here succeeds. Another node may be a moment behind;
    /// waiting for a slow one is not worth more than a second.
    /// </summary>
    private async ValueTask WaitUntilVisibleAsync(ApiKey key, CancellationToken stop)
    {
        var until = frontEnd.Node.NowMs + VisibleMs;
        while (!(frontEnd.Node.Meta is { } meta && meta.ApiKeys.TryGetValue(key.KeyId, out var seen) && seen.Version >= key.Version) && frontEnd.Node.NowMs < until)
            await Task.Delay(2, stop);
    }

    private void Write(Utf8JsonWriter json, ApiKey key)
    {
        json.WriteStartObject();
        json.WriteString("key_id"u8, key.KeyId);
        json.WriteString("role"u8, RoleText(key.Role));
        json.WriteString("description"u8, key.Description);
        json.WriteNumber("created_at"u8, key.CreatedAtMs);
        json.WriteString("created_by"u8, key.CreatedBy);
        json.WriteNumber("expires_at"u8, key.ExpiresAtMs);
        json.WriteNumber("last_used_at"u8, ApiKeyId.TryParse(key.KeyId, out var id) ? usage.LastUsedMs(id) : 0);
        json.WriteString("status"u8, StatusText(key));
        json.WriteNumber("rate_limit"u8, key.RateLimit);
        json.WriteStartArray("allowedlist"u8);
        json.WriteEndArray();
        json.WriteNumber("version"u8, key.Version);
        json.WriteEndObject();
    }

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
