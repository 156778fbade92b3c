using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Placement;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Json;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Gateway.Endpoints;

/// <summary>Plain keys: the same ones as behind the Redis front end. Version 0 is that of an absent key.</summary>
internal sealed class KeyEndpoints(GatewayFrontEnd frontEnd)
{
    public async ValueTask GetAsync(Exchange exchange)
    {
        if (KeyOf(exchange, 0) is not { } key) return;
        var reply = await frontEnd.Store.ReadAsync(GroupOf(key), b => QueryForms.GetWithVersion(b, key), exchange.Consistency, exchange.DeadlineMs);
        if (exchange.FailIfRefused(reply)) return;
        if (reply.Tag == ReplyTag.Nil)
        {
            // No shard says it: an absent key is a Nil there.
            exchange.Fail(Codes.KeyNotFound, 404, "there is no such key", static json => json.WriteNumber("version"u8, 0));
            return;
        }
        var value = new ReplyReader(reply.Body.Span).Versioned(out var version, out var expiresAt);
        var json = exchange.Begin();
        json.WriteStartObject();
        if (Utf8.IsValid(value)) json.WriteString("value"u8, value);
        else json.WriteBase64String("value_base64"u8, value);
        json.WriteNumber("version"u8, version);
        json.WriteNumber("expires_at"u8, expiresAt);
        json.WriteEndObject();
    }

    public async ValueTask SetAsync(Exchange exchange)
    {
        if (KeyOf(exchange, 0) is not { } key) return;
        var (ok, body) = await exchange.ReadBodyAsync<SetKeyBody>(SetKeyBody.TryRead);
        if (!ok) return;
        var broken = ValueOf(body, out var value) ?? KeyRules.Ttl(body.TtlSeconds);
        if (broken is not null)
        {
            exchange.Fail(broken);
            return;
        }
        var mode = body.TtlSeconds is null ? ExpiryMode.None : ExpiryMode.Relative;
        var reply = await frontEnd.Store.WriteAsync(GroupOf(key),
            b => KeyOps.Set(b, key, value, SetFlags.GetVersion, mode, (body.TtlSeconds ?? 0) * 1000, body.IfVersion), exchange.DeadlineMs);
        if (exchange.FailIfConflict(reply) || exchange.FailIfRefused(reply)) return;
        var json = exchange.Begin();
        json.WriteStartObject();
        json.WriteNumber("version"u8, new ReplyReader(reply.Body.Span).Integer());
        json.WriteEndObject();
    }

    public async ValueTask DeleteAsync(Exchange exchange)
    {
        if (KeyOf(exchange, 1) is not { } key) return;
        var (ok, body) = await exchange.ReadBodyAsync<DeleteKeyBody>(DeleteKeyBody.TryRead);
        if (!ok) return;
        var reply = body.IfVersion is { } ifVersion
            ? await frontEnd.Store.WriteAsync(GroupOf(key), b => KeyOps.DelIfVersion(b, key, ifVersion), exchange.DeadlineMs)
            : await frontEnd.Store.WriteAsync(GroupOf(key), b =>
            {
                KeyOps.Del(b, 1);
                KeyOps.KeyItem(b, key);
            }, exchange.DeadlineMs);
        if (exchange.FailIfConflict(reply) || exchange.FailIfRefused(reply)) return;
        var deleted = body.IfVersion is { } matched ? matched != 0 : new ReplyReader(reply.Body.Span).Integer() > 0;
        var json = exchange.Begin();
        json.WriteStartObject();
        json.WriteBoolean("deleted"u8, deleted);
        json.WriteNumber("version"u8, 0);
        json.WriteEndObject();
    }

    private static byte[]? KeyOf(Exchange exchange, int fromEnd)
    {
        if (exchange.PathBytes(fromEnd) is not { } key) return null;
        if (KeyRules.Name(key) is not { } broken) return key;
        exchange.Fail(broken);
        return null;
    }

    private static RuleViolation? ValueOf(in SetKeyBody body, out byte[] value)
    {
        value = [];
        switch (body)
        {
            case { Value: not null, ValueBase64: not null }:
                return new(ErrorCode.ArgumentConflict, "value and value_base64 exclude each other");
            case { Value: { } text }:
                value = Encoding.UTF8.GetBytes(text);
                break;
            case { ValueBase64: { } base64 }:
                if (!Base64.IsValid(base64, out var length)) return new(ErrorCode.ArgumentInvalid, "value_base64: not Base64");
                value = new byte[length];
                Convert.TryFromBase64String(base64, value, out _);
                break;
            default:
                return new(ErrorCode.ArgumentMissing, "value or value_base64 is required");
        }
        return KeyRules.Value(value.Length);
    }

    private uint GroupOf(byte[] key) => Sharding.OfKey(key, frontEnd.Node.Bootstrap.ShardCount).Group;
}
