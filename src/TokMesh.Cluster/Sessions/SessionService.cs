using System.Buffers;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Placement;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Names;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.Cluster.Sessions;

/// <summary>Who asks, from where, how fresh, and until when.</summary>
/// <param name="DeadlineMs">Monotonic milliseconds (<see cref="Node.NowMs"/>) until which the caller waits.</param>
/// <param name="Consistency">Of reads.</param>
/// <param name="Key">The caller's API key.</param>
/// <param name="Ip">The client's address as <see cref="IpBytes"/>; may be empty.</param>
/// <param name="UserAgent">UTF-8, cut to its limit; may be empty.</param>
public readonly record struct Caller(long DeadlineMs, Consistency Consistency, ApiKeyId? Key, ReadOnlyMemory<byte> Ip, ReadOnlyMemory<byte> UserAgent);

/// <summary>What a create asks for; <see cref="SessionLimits.Check"/> says whether it may.</summary>
public sealed record NewSession
{
    /// <summary>Whose session.</summary>
    public required string? UserId { get; init; }

    /// <summary>Dictated id; null to draw one.</summary>
    public SessionId? Id { get; init; }

    /// <summary>Dictated token; null to draw one.</summary>
    public string? Token { get; init; }

    /// <summary>On which device; null or empty for none.</summary>
    public string? DeviceId { get; init; }

    /// <summary>Milliseconds to live; null for <see cref="SessionLimits.DefaultTtl"/>.</summary>
    public long? TtlMs { get; init; }

    /// <summary>What the session carries, in the creator's order; null for nothing.</summary>
    public IReadOnlyCollection<KeyValuePair<string, string>>? Data { get; init; }
}

/// <summary>
/// Sessions for the front ends: keeps the rules, finds the shard of a user, id or token, and brings replies back. What breaks a rule is refused as
/// a shard refuses, before anything is asked. One object serves all callers.
/// </summary>
/// <param name="store">Calls to any group.</param>
/// <param name="fillRandom">Randomness for ids and tokens.</param>
/// <param name="wallMs">Unix time in milliseconds.</param>
/// <param name="limits">What sessions may be.</param>
public sealed partial class SessionService(StoreClient store, Action<Span<byte>> fillRandom, Func<long> wallMs, SessionLimits limits)
{
    /// <summary>How deep pages of a search may go: every shard is asked for that many, since all of a page may lie in one.</summary>
    public const int MaxSearchDepth = 10_000;

    /// <summary>Most sessions of a page.</summary>
    public const int MaxPageSize = 100;

    private readonly NameSource _names = new(store.Node.Bootstrap.ShardCount, wallMs, fillRandom);

    /// <summary>What sessions may be.</summary>
    public SessionLimits Limits => limits;

    private int ShardCount => store.Node.Bootstrap.ShardCount;

    /// <summary>Reply: Session; SESS-4040, SESS-4041.</summary>
    public ValueTask<StoreReply> GetAsync(SessionId id, Caller caller) =>
        ReadAsync(id, b => QueryForms.GetSession(b, id), caller);

    /// <summary>Reply: Session; TOKN-4000, TOKN-4010, TOKN-4011, TOKN-4012.</summary>
    public ValueTask<StoreReply> ValidateAsync(string token, bool touch, Caller caller)
    {
        if (!TokenRules.IsWellFormed(token)) return new(StoreReply.Refused(ErrorCode.TokenMalformed));
        var hash = TokenHash.OfToken(token);
        var group = Sharding.OfName(token, ShardCount).Group;
        return touch
            ? store.LeaderReadAsync(group, b => QueryForms.ValidateToken(b, hash, true, caller.Ip.Span, caller.UserAgent.Span), caller.DeadlineMs, followsPointer: true)
            : store.ReadAsync(group, b => QueryForms.ValidateToken(b, hash), caller.Consistency, caller.DeadlineMs, followsPointer: true);
    }

    /// <summary>Reply: Session with its new last_active; SESS-4040, SESS-4041.</summary>
    public ValueTask<StoreReply> TouchAsync(SessionId id, Caller caller) =>
        store.LeaderReadAsync(GroupOf(id), b => QueryForms.Touch(b, id), caller.DeadlineMs, followsPointer: true);

    /// <summary>Reply: Integer, the new expires_at in Unix ms; SESS-4001, SESS-4040, SESS-4041.</summary>
    public ValueTask<StoreReply> RenewAsync(SessionId id, long ttlMs, Caller caller) => limits.CheckRenewal(ttlMs) is { } broken
        ? new(StoreReply.Refused(broken))
        : WriteAsync(id, b => SessionOps.Renew(b, id, ttlMs), caller);

    /// <summary>As <see cref="RenewAsync"/>, but only of the version that was read; SESS-4091 with the present one as its detail.</summary>
    public ValueTask<StoreReply> RenewIfAsync(SessionId id, ulong version, long ttlMs, Caller caller) => limits.CheckRenewal(ttlMs) is { } broken
        ? new(StoreReply.Refused(broken))
        : WriteAsync(id, b => SessionOps.RenewIf(b, id, version, ttlMs), caller);

    /// <summary>Reply: Session; SESS-4040, SESS-4041, ARG-1001.</summary>
    public ValueTask<StoreReply> UpdateAsync(UpdateSession update, Caller caller) =>
        WriteAsync(update.Id, b => SessionOps.Update(b, update), caller);

    /// <summary>Reply: Integer, 1 if a live session was ended. When this returns, its token validates nowhere.</summary>
    public ValueTask<StoreReply> RevokeAsync(SessionId id, Caller caller) =>
        WriteAsync(id, b => SessionOps.Revoke(b, id), caller);

    /// <summary>As <see cref="RevokeAsync"/>, but only of the version that was read; SESS-4091 with the present one as its detail.</summary>
    public ValueTask<StoreReply> RevokeIfAsync(SessionId id, ulong version, Caller caller) =>
        WriteAsync(id, b => SessionOps.RevokeIf(b, id, version), caller);

    /// <summary>Reply: Integer, how many were ended. One entry: all of them or none.</summary>
    public ValueTask<StoreReply> RevokeUserAsync(string userId, Caller caller)
    {
        if (SessionRules.UserId(userId) is { } broken) return new(StoreReply.Refused(broken));
        var utf8 = TextRules.Utf8.GetBytes(userId);
        return store.WriteAsync(Sharding.OfName(utf8, ShardCount).Group, b => SessionOps.RevokeUser(b, utf8), caller.DeadlineMs);
    }

    /// <summary>Reply: Integer, milliseconds left; -1 no expiry, -2 no such session.</summary>
    public ValueTask<StoreReply> TtlAsync(SessionId id, Caller caller) =>
        ReadAsync(id, b => QueryForms.SessionTtl(b, id), caller);

    /// <summary>Ends sessions of any shard: how many lived, or the first error.</summary>
    public ValueTask<(long Count, StoreReply? Error)> RevokeManyAsync(IReadOnlyList<SessionId> ids, Caller caller) =>
        CountAsync(ids, (group, some) => store.WriteAsync(group, b => SessionOps.RevokeMany(b, some), caller.DeadlineMs));

    /// <summary>How many of the ids name live sessions, repeated ones counted again; or the first error.</summary>
    public ValueTask<(long Count, StoreReply? Error)> ExistAsync(IReadOnlyList<SessionId> ids, Caller caller) =>
        CountAsync(ids, (group, some) => store.ReadAsync(group, b => QueryForms.SessionsExist(b, some), caller.Consistency, caller.DeadlineMs));

    /// <summary>Searches one user's shard, or all shards at once; replies of all that were asked, each a SessionList.</summary>
    public async ValueTask<StoreReply[]> SearchAsync(SessionSearch search, Caller caller)
    {
        if (search.UserId is not { } user) return await store.ReadAllShardsAsync(search.Write, caller.Consistency, caller.DeadlineMs).ConfigureAwait(false);
        return [await store.ReadAsync(Sharding.OfName(user.Span, ShardCount).Group, search.Write, caller.Consistency, caller.DeadlineMs).ConfigureAwait(false)];
    }

    private uint GroupOf(SessionId id) => Sharding.OfSession(id, ShardCount).Group;

    private ValueTask<StoreReply> ReadAsync(SessionId id, Action<IBufferWriter<byte>> query, Caller caller) =>
        store.ReadAsync(GroupOf(id), query, caller.Consistency, caller.DeadlineMs, followsPointer: true);

    private ValueTask<StoreReply> WriteAsync(SessionId id, Action<IBufferWriter<byte>> operation, Caller caller) =>
        store.WriteAsync(GroupOf(id), operation, caller.DeadlineMs, followsPointer: true);

    private uint GroupOfUser(NamePointer pointer) => Sharding.OfName(pointer.UserId.Span, ShardCount).Group;

    private async ValueTask<(long Count, StoreReply? Error)> CountAsync(IReadOnlyList<SessionId> ids, Func<uint, SessionId[], ValueTask<StoreReply>> ask)
    {
        long total = 0;
        var asked = ids.GroupBy(GroupOf).Select(g => ask(g.Key, [.. g])).ToArray();
        StoreReply? error = null;
        foreach (var pending in asked)
        {
            var reply = await pending.ConfigureAwait(false);
            if (!reply.IsOk)
            {
                error ??= reply;
                continue;
            }
            var (count, pointers) = ReadCount(reply);
            total += count;
            foreach (var elsewhere in pointers.GroupBy(GroupOfUser))
            {
                var followed = await ask(elsewhere.Key, [.. elsewhere.Select(p => p.Session)]).ConfigureAwait(false);
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
