using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Placement;
using TokMesh.Gateway.Json;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Gateway.Endpoints;

/// <summary>Plain keys: the same ones as behind the Redis front end. Version 0 is that of an absent key.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this IEndpointRouteBuilder routes, long maxBodyBytes)
    {
        routes.MapRead("/keys/{key}", GetAsync).IsQuick().Needs(ApiRole.Issuer).WithSummary("A key's value.");
        routes.MapPost("/keys/{key}", SetAsync).Takes<SetKeyBody>().Needs(ApiRole.Issuer).RefusesRepeats().WithMetadata(new OperationTraits { MaxBodyBytes = maxBodyBytes }).WithSummary("Sets a key.");
        routes.MapPost("/keys/{key}/delete", DeleteAsync).Takes<DeleteKeyBody>().IsQuick().Needs(ApiRole.Issuer).RefusesRepeats().WithSummary("Deletes a key.");
        routes.MapOtherMethods("GET, HEAD, POST", "/keys/{key}");
        routes.MapOtherMethods("POST", "/keys/{key}/delete");
    }

    private static async ValueTask<Results<KeyAnswer, Refusal>> GetAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        if (ReadKey(exchange, 0, out var key) is { } broken) return Refusal.Of(broken);
        var store = exchange.FrontEnd.Store;
        var reply = await store.ReadAsync(GroupOf(exchange, key), b => QueryForms.GetWithVersion(b, key), exchange.Consistency, exchange.DeadlineMs);
        if (Refusal.Of(reply) is { } refusal) return refusal;
        // No shard says it: an absent key is a Nil there.
        if (reply.Tag == ReplyTag.Nil) return new Refusal(Codes.KeyNotFound, StatusCodes.Status404NotFound, "there is no such key", static json => json.WriteNumber("version"u8, 0));
        return new KeyAnswer(reply);
    }

    private static async ValueTask<Results<Answer<KeySet>, Refusal>> SetAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        if (ReadKey(exchange, 0, out var key) is { } badKey) return Refusal.Of(badKey);
        var (unreadable, asked) = await exchange.ReadAsync<SetKeyBody>();
        if (unreadable is not null) return unreadable;
        if ((ValueOf(asked, out var value) ?? KeyRules.Ttl(asked.TtlSeconds)) is { } broken) return Refusal.Of(broken);
        var mode = asked.TtlSeconds is null ? ExpiryMode.None : ExpiryMode.Relative;
        var reply = await exchange.FrontEnd.Store.WriteAsync(GroupOf(exchange, key),
            b => KeyOps.Set(b, key, value, SetFlags.GetVersion, mode, (asked.TtlSeconds ?? 0) * 1000, asked.IfVersion), exchange.DeadlineMs);
        return Refusal.OfConditional(reply) is { } refusal ? refusal : ApiJson.Answer(new KeySet(new ReplyReader(reply.Body.Span).Integer()));
    }

    private static async ValueTask<Results<Answer<KeyDeleted>, Refusal>> DeleteAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        if (ReadKey(exchange, 1, out var key) is { } broken) return Refusal.Of(broken);
        var (unreadable, asked) = await exchange.ReadAsync<DeleteKeyBody>();
        if (unreadable is not null) return unreadable;
        var condition = asked.IfVersion;
        var (store, group) = (exchange.FrontEnd.Store, GroupOf(exchange, key));
        var reply = condition is { } ifVersion
            ? await store.WriteAsync(group, b => KeyOps.DelIfVersion(b, key, ifVersion), exchange.DeadlineMs)
            : await store.WriteAsync(group, b =>
            {
                KeyOps.Del(b, 1);
                KeyOps.KeyItem(b, key);
            }, exchange.DeadlineMs);
        if (Refusal.OfConditional(reply) is { } refusal) return refusal;
        return ApiJson.Answer(new KeyDeleted(condition is { } matched ? matched != 0 : new ReplyReader(reply.Body.Span).Integer() > 0, 0));
    }

    private static RuleViolation? ReadKey(Exchange exchange, int fromEnd, out byte[] key) => exchange.ReadPath(fromEnd, out key) ?? KeyRules.Name(key);

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

    private static uint GroupOf(Exchange exchange, byte[] key) => Sharding.OfKey(key, exchange.FrontEnd.Node.Bootstrap.ShardCount).Group;
}

/// <summary>A key: its value as text, or as Base64 when it is not UTF-8.</summary>
internal sealed record KeyObject(string? Value, string? ValueBase64, ulong Version, long ExpiresAt);

/// <summary>The version of a key that was set.</summary>
internal sealed record KeySet(long Version);

/// <summary>Whether a key was there to be deleted.</summary>
internal sealed record KeyDeleted(bool Deleted, ulong Version);

/// <summary>A key, out of the store's reply: values may be large.</summary>
internal sealed class KeyAnswer(StoreReply reply) : Success<KeyObject>, IEndpointMetadataProvider
{
    public static void PopulateMetadata(System.Reflection.MethodInfo method, EndpointBuilder builder) => Describe(builder, StatusCodes.Status200OK);

    protected override void WriteData(Utf8JsonWriter json)
    {
        var value = new ReplyReader(reply.Body.Span).Versioned(out var version, out var expiresAt);
        json.WriteStartObject();
        if (Utf8.IsValid(value)) json.WriteString("value"u8, value);
        else json.WriteBase64String("value_base64"u8, value);
        json.WriteNumber("version"u8, version);
        json.WriteNumber("expires_at"u8, expiresAt);
        json.WriteEndObject();
    }
}
