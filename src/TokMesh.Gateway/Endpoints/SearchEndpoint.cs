using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Sessions;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.Gateway.Endpoints;

/// <summary>Sessions by user, device, key, address and time, in pages. Without a user all shards are asked at once.</summary>
internal static class SearchEndpoint
{
    private static readonly QueryParameters Parameters = new("user_id", "device_id", "key_id", "ip_address", "time_range_start", "time_range_end", "active_after",
        "status", "sort_by", "sort_order", "page", "size", "fields");

    public static void MapSearch(this IEndpointRouteBuilder routes) =>
        routes.MapRead("/sessions", SearchAsync).Needs(ApiRole.Issuer).WithMetadata(Parameters).WithSummary("Searches sessions; an issuer names a user.");

    private static async ValueTask<Results<SessionPageAnswer, Refusal>> SearchAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        var query = exchange.ReadQuery();
        var user = query.Bytes("user_id");
        if (user is null && !exchange.Identity.May(ApiRole.Admin)) return Refusal.Of(ErrorCode.AuthForbidden, "an issuer searches with user_id only");
        var (page, size) = query.Page();
        var search = new SessionSearch
        {
            UserId = user,
            DeviceId = query.Bytes("device_id"),
            KeyId = query.KeyId("key_id"),
            IpBlock = query.Block("ip_address"),
            CreatedFromMs = query.Time("time_range_start"),
            CreatedBeforeMs = query.Time("time_range_end"),
            ActiveAfterMs = query.Time("active_after"),
            Status = query.Choice("status", "active", "expired") ? SearchStatus.Expired : SearchStatus.Active,
            SortBy = query.Choice("sort_by", "created_at", "last_active") ? SearchSort.LastActive : SearchSort.CreatedAt,
            Descending = !query.Choice("sort_order", "desc", "asc"),
            Limit = (int)Math.Min((long)page * size, SessionService.MaxSearchDepth + 1),
        };
        var fields = query.Fields("fields");
        if (query.Broken is { } broken) return Refusal.Of(broken);
        if (search.Limit > SessionService.MaxSearchDepth)
            return Refusal.Of(ErrorCode.ArgumentInvalid, $"page: page times size may be at most {SessionService.MaxSearchDepth}; narrow the search, by time for instance");
        var replies = await exchange.FrontEnd.Sessions.SearchAsync(search, exchange.Caller());
        foreach (var reply in replies)
            if (Refusal.Of(reply) is { } refusal) return refusal;
        var (total, items) = Merge(replies, search, (page - 1) * size, size, fields);
        if (user is null) GatewayLog.FullScan(exchange.FrontEnd.Log, exchange.RequestId, exchange.Identity.Id.ToString(), replies.Length, total);
        return new SessionPageAnswer(total, items);
    }

    /// <summary>
    /// One page out of the shards' lists. Sessions are views into the replies and cannot be kept, so a first walk notes the
    /// sort keys and a second one writes those that are on the page.
    /// </summary>
    private static (long Total, ReadOnlyMemory<byte>[] Items) Merge(StoreReply[] replies, SessionSearch search, int skip, int size, SessionFields fields)
    {
        long total = 0;
        var found = new List<Found>();
        for (var shard = 0; shard < replies.Length; shard++)
        {
            var reader = new ReplyReader(replies[shard].Body.Span);
            reader.SessionList(out var matches, out var count);
            total += matches;
            for (var i = 0; i < count; i++)
            {
                var session = reader.NextSession();
                found.Add(new Found(search.SortBy == SearchSort.CreatedAt ? session.CreatedAt : session.LastActive, session.Id, shard, i));
            }
        }
        found.Sort(search.Descending ? static (a, b) => b.CompareTo(a) : static (a, b) => a.CompareTo(b));
        var places = new Dictionary<(int Shard, int Index), int>(size);
        for (var i = skip; i < found.Count && places.Count < size; i++) places.Add((found[i].Shard, found[i].Index), places.Count);
        var items = new ReadOnlyMemory<byte>[places.Count];
        for (var shard = 0; shard < replies.Length; shard++)
        {
            var reader = new ReplyReader(replies[shard].Body.Span);
            reader.SessionList(out _, out var count);
            for (var i = 0; i < count; i++)
            {
                var session = reader.NextSession();
                if (places.TryGetValue((shard, i), out var place)) items[place] = Render(session, fields);
            }
        }
        return (total, items);
    }

    private static ReadOnlyMemory<byte> Render(in SessionView session, SessionFields fields)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        SessionJson.Write(json, session, fields);
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>A session of a shard's list, ordered as <see cref="SessionSearch.Compare"/> orders ascending.</summary>
    private readonly record struct Found(long Key, SessionId Id, int Shard, int Index) : IComparable<Found>
    {
        public int CompareTo(Found other) => Key != other.Key ? Key.CompareTo(other.Key) : Id.CompareTo(other.Id);
    }
}
