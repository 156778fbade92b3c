using System.Buffers;
using System.Text;
using TokMesh.State;

namespace TokMesh.Cluster;

/// <summary>Who asks, from where, how fresh, and until when.</summary>
/// <param name="DeadlineMs">Monotonic milliseconds (<see cref="Node.NowMs"/>) until which the caller waits.</param>
/// <param name="Consistency">Of reads.</param>
/// <param name="Key">The caller's API key.</param>
/// <param name="Ip">The client's address as <see cref="IpBytes"/>; may be empty.</param>
/// <param name="UserAgent">UTF-8, cut to its limit; may be empty.</param>
public readonly record struct Caller(long DeadlineMs, Consistency Consistency, ApiKeyId? Key, ReadOnlyMemory<byte> Ip, ReadOnlyMemory<byte> UserAgent);

/// <summary>What a create asks for, checked by the door with <see cref="SessionRules"/> and <see cref="TokenRules"/>.</summary>
public sealed record NewSession
{
    /// <summary>Whose session.</summary>
    public required string UserId { get; init; }

    /// <summary>Dictated id; null to draw one.</summary>
    public SessionId? Id { get; init; }

    /// <summary>Dictated token; null to draw one.</summary>
    public string? Token { get; init; }

    /// <summary>On which device; empty for none.</summary>
    public string DeviceId { get; init; } = "";

    /// <summary>Milliseconds to live.</summary>
    public required long TtlMs { get; init; }

    /// <summary>As <see cref="SessionData.Encode"/> makes it.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Most live sessions of the user.</summary>
    public required int Quota { get; init; }
}

/// <summary>
/// Sessions for the doors: finds the shard of a user, id or token, follows the pointers of dictated names, and brings replies
/// back. One object serves all callers.
/// </summary>
public sealed partial class SessionService(StoreClient store, Action<Span<byte>> fillRandom, Func<long> wallMs)
{
    private readonly NameSource _names = new(store.Node.Genesis.ShardCount, wallMs, fillRandom);

    private int ShardCount => store.Node.Genesis.ShardCount;

    /// <summary>Reply: Session; SESS-4040, SESS-4041.</summary>
    public ValueTask<StoreReply> GetAsync(SessionId id, Caller caller) =>
        FollowAsync(GroupOf(id), group => store.ReadAsync(group, b => Queries.GetSession(b, id), caller.Consistency, caller.DeadlineMs));

    /// <summary>Reply: Session; TOKN-4010, TOKN-4011, TOKN-4012. The token has been checked with <see cref="TokenRules"/>.</summary>
    public ValueTask<StoreReply> ValidateAsync(string token, bool touch, Caller caller)
    {
        var hash = TokenHash.OfToken(token);
        return FollowAsync(Sharding.OfName(token, ShardCount).Group, group => touch
            ? store.LeaderReadAsync(group, b => Queries.ValidateToken(b, hash, true, caller.Ip.Span, caller.UserAgent.Span), caller.DeadlineMs)
            : store.ReadAsync(group, b => Queries.ValidateToken(b, hash), caller.Consistency, caller.DeadlineMs));
    }

    /// <summary>Reply: Session with its new last_active; SESS-4040, SESS-4041.</summary>
    public ValueTask<StoreReply> TouchAsync(SessionId id, Caller caller) =>
        FollowAsync(GroupOf(id), group => store.LeaderReadAsync(group, b => Queries.Touch(b, id), caller.DeadlineMs));

    /// <summary>Reply: Integer, the new expires_at in Unix ms; SESS-4040, SESS-4041.</summary>
    public ValueTask<StoreReply> RenewAsync(SessionId id, long ttlMs, Caller caller) =>
        FollowAsync(GroupOf(id), group => store.WriteAsync(group, b => SessionOps.Renew(b, id, ttlMs), caller.DeadlineMs));

    /// <summary>As <see cref="RenewAsync"/>, but only of the version that was read; SESS-4091 with the present one as its detail.</summary>
    public ValueTask<StoreReply> RenewIfAsync(SessionId id, ulong version, long ttlMs, Caller caller) =>
        FollowAsync(GroupOf(id), group => store.WriteAsync(group, b => SessionOps.RenewIf(b, id, version, ttlMs), caller.DeadlineMs));

    /// <summary>Reply: Session; SESS-4040, SESS-4041, ARG-1001.</summary>
    public ValueTask<StoreReply> UpdateAsync(UpdateSession update, Caller caller) =>
        FollowAsync(GroupOf(update.Id), group => store.WriteAsync(group, b => SessionOps.Update(b, update), caller.DeadlineMs));

    /// <summary>Reply: Integer, 1 if a live session was ended. When this returns, its token validates nowhere.</summary>
    public ValueTask<StoreReply> RevokeAsync(SessionId id, Caller caller) =>
        FollowAsync(GroupOf(id), group => store.WriteAsync(group, b => SessionOps.Revoke(b, id), caller.DeadlineMs));

    /// <summary>As <see cref="RevokeAsync"/>, but only of the version that was read; SESS-4091 with the present one as its detail.</summary>
    public ValueTask<StoreReply> RevokeIfAsync(SessionId id, ulong version, Caller caller) =>
        FollowAsync(GroupOf(id), group => store.WriteAsync(group, b => SessionOps.RevokeIf(b, id, version), caller.DeadlineMs));

    /// <summary>Reply: Integer, how many were ended. One entry: all of them or none.</summary>
    public ValueTask<StoreReply> RevokeUserAsync(string userId, Caller caller)
    {
        var utf8 = TextRules.Utf8.GetBytes(userId);
        return store.WriteAsync(Sharding.OfName(utf8, ShardCount).Group, b => SessionOps.RevokeUser(b, utf8), caller.DeadlineMs);
    }

    /// <summary>Reply: Integer, milliseconds left; -1 no expiry, -2 no such session.</summary>
    public ValueTask<StoreReply> TtlAsync(SessionId id, Caller caller) =>
        FollowAsync(GroupOf(id), group => store.ReadAsync(group, b => Queries.SessionTtl(b, id), caller.Consistency, caller.DeadlineMs));

    /// <summary>Ends sessions of any shard: how many lived, or the first error.</summary>
    public ValueTask<(long Count, StoreReply? Error)> RevokeManyAsync(IReadOnlyList<SessionId> ids, Caller caller) =>
        CountAsync(ids, (group, some) => store.WriteAsync(group, b => SessionOps.RevokeMany(b, some), caller.DeadlineMs));

    /// <summary>How many of the ids name live sessions, repeated ones counted again; or the first error.</summary>
    public ValueTask<(long Count, StoreReply? Error)> ExistAsync(IReadOnlyList<SessionId> ids, Caller caller) =>
        CountAsync(ids, (group, some) => store.ReadAsync(group, b => Queries.SessionsExist(b, some), caller.Consistency, caller.DeadlineMs));

    /// <summary>Searches one user's shard, or all shards at once; replies of all that were asked, each a SessionList.</summary>
    public async ValueTask<StoreReply[]> SearchAsync(SessionSearch search, Caller caller)
    {
        if (search.UserId is not { } user) return await store.ReadAllShardsAsync(search.Write, caller.Consistency, caller.DeadlineMs);
        return [await store.ReadAsync(Sharding.OfName(user.Span, ShardCount).Group, search.Write, caller.Consistency, caller.DeadlineMs)];
    }

    private uint GroupOf(SessionId id) => Sharding.OfName(id.ToString(), ShardCount).Group;

    /// <summary>Asks a name's own shard and, if that holds a pointer, the shard of the pointer's user.</summary>
    private async ValueTask<StoreReply> FollowAsync(uint group, Func<uint, ValueTask<StoreReply>> ask)
    {
        var reply = await ask(group);
        if (!reply.IsOk || reply.Tag != ReplyTag.NamePointer) return reply;
        return await ask(GroupOfUser(new ReplyReader(reply.Body.Span).NamePointer()));
    }

    private uint GroupOfUser(NamePointer pointer) => Sharding.OfName(pointer.UserId.Span, ShardCount).Group;

    private async ValueTask<(long Count, StoreReply? Error)> CountAsync(IReadOnlyList<SessionId> ids, Func<uint, SessionId[], ValueTask<StoreReply>> ask)
    {
        long total = 0;
        var asked = ids.GroupBy(GroupOf).Select(g => ask(g.Key, [.. g])).ToArray();
        StoreReply? error = null;
        foreach (var pending in asked)
        {
            var reply = await pending;
            if (!reply.IsOk)
            {
                error ??= reply;
                continue;
            }
            var (count, pointers) = ReadCount(reply);
            total += count;
            foreach (var elsewhere in pointers.GroupBy(GroupOfUser))
            {
                var followed = await ask(elsewhere.Key, [.. elsewhere.Select(p => p.Session)]);
                if (followed.IsOk) total += ReadCount(followed).Count;
                else error ??= followed;
            }
        }
        return (total, error);
    }

    private static (long Count, List<NamePointer> Pointers) ReadCount(StoreReply reply)
    {
        var reader = new ReplyReader(reply.Body.Span);
        if (reader.Tag == ReplyTag.Integer) return (reader.Integer(), []);
        var items = reader.Array();
        reader.NextReply();
        var count = reader.Integer();
        var pointers = new List<NamePointer>();
        for (var i = 1; i < items; i++)
        {
            reader.NextReply();
            pointers.Add(reader.NamePointer());
        }
        return (count, pointers);
    }
}
