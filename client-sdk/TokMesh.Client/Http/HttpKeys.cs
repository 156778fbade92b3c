using System.Text;
using System.Text.Json;

namespace TokMesh.Client;

/// <summary>Plain keys over HTTP.</summary>
internal sealed class HttpKeys(HttpCalls calls) : ITokMeshKeys
{
    public Task<KeyEntry?> GetAsync(string key, CallOptions? options, CancellationToken cancel) =>
        calls.RunAsync<KeyEntry?>(HttpRequestPlan.Get(PathOf(key)), options, Entry, NoKey, cancel);

    public Task<SetResult> SetAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? ttl, ulong? ifVersion, CallOptions? options, CancellationToken cancel)
    {
        var plan = HttpRequestPlan.Post(Effect.Once, PathOf(key), json =>
        {
            json.WriteBase64String("value_base64"u8, value.Span);
            if (ttl is { } span) json.WriteNumber("ttl_seconds"u8, TimeToLive.Seconds(nameof(ttl), span));
            if (ifVersion is { } version) json.WriteNumber("if_version"u8, version);
        });
        return calls.RunAsync(plan, options, static data => new SetResult(true, data.GetProperty("version").GetUInt64()), NotSet, cancel);
    }

    public Task<DeleteResult> DeleteAsync(string key, ulong? ifVersion, CallOptions? options, CancellationToken cancel)
    {
        var plan = HttpRequestPlan.Post(Effect.Once, PathOf(key) + "/delete", json =>
        {
            if (ifVersion is { } version) json.WriteNumber("if_version"u8, version);
        });
        return calls.RunAsync(plan, options,
            static data => new DeleteResult(data.GetProperty("deleted").GetBoolean() ? DeleteStatus.Deleted : DeleteStatus.NotFound), NotDeleted, cancel);
    }

    private static string PathOf(string key) => "keys/" + HttpRequestPlan.Segment(nameof(key), key);

    private static KeyEntry Entry(JsonElement data)
    {
        var value = data.TryGetProperty("value_base64", out var base64) ? base64.GetBytesFromBase64() : Encoding.UTF8.GetBytes(data.GetProperty("value").GetString()!);
        var expires = data.GetProperty("expires_at").GetInt64();
        return new KeyEntry(value, data.GetProperty("version").GetUInt64(), expires == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(expires));
    }

    private static bool NoKey(in HttpAnswer answer, out KeyEntry? value)
    {
        value = null;
        return answer.Code == TokMeshErrorCode.KeyNotFound;
    }

    private static bool NotSet(in HttpAnswer answer, out SetResult value)
    {
        var conflict = answer.Code == TokMeshErrorCode.KeyVersionConflict;
        value = conflict ? new SetResult(false, answer.Details.GetProperty("version").GetUInt64()) : default;
        return conflict;
    }

    private static bool NotDeleted(in HttpAnswer answer, out DeleteResult value)
    {
        var conflict = answer.Code == TokMeshErrorCode.KeyVersionConflict;
        value = conflict ? new DeleteResult(DeleteStatus.Conflict, answer.Details.GetProperty("version").GetUInt64()) : default;
        return conflict;
    }
}
