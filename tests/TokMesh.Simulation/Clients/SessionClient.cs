using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Sessions;
using TokMesh.Linearizability;
using TokMesh.Simulation.Observing;
using TokMesh.Simulation.World;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Simulation.Clients;

/// <summary>The names that clients dictate: few, so that they collide across users and nodes.</summary>
internal sealed record NamePool(IReadOnlyList<string> Tokens, IReadOnlyList<SessionId> Ids)
{
    public static NamePool Of(int tokens, int ids) => new(
        [.. Enumerable.Range(1, tokens).Select(n => $"dictated-token-{n}")],
        [.. Enumerable.Range(1, ids).Select(n => new SessionId(new Ulid(((UInt128)0x0180_0000_0000 << 80) + (UInt128)n)))]);
}

/// <summary>A caller that creates, looks at and ends sessions through whichever node it likes, and notes what it was told.</summary>
internal sealed class SessionClient(VirtualWorld world, Conversation talk, int restUs, NamePool pool, SessionHistory history)
{
    private const int Quota = VirtualNode.SessionsOfUser;
    private readonly List<Birth> _known = [];
    private int _births;

    public int Created { get; private set; }

    private Random Random => talk.Random;

    /// <summary>Ends when the client was told to stop and its last call has ended.</summary>
    public async Task Run()
    {
        await talk.Rest(0, 100_000);
        while (!talk.Stopped)
        {
            if (talk.AnyNode() is { } node) await Step(node);
            await talk.Rest(500, restUs);
        }
    }

    private Task Step(VirtualNode node)
    {
        var known = _known.Count > 0 ? _known[Random.Next(Math.Max(0, _known.Count - 12), _known.Count)] : null;
        return Random.Next(20) switch
        {
            < 6 => Create(node),
            < 10 => Validate(node, pool.Tokens[Random.Next(pool.Tokens.Count)]),
            < 12 when known?.Token is { } token => Validate(node, token),
            < 14 => Look(node, pool.Ids[Random.Next(pool.Ids.Count)], known),
            < 15 when known?.Id is { } id => Look(node, id, known),
            < 18 when known?.Id is { } id => Revoke(node, id),
            18 when Random.Next(4) == 0 => RevokeUser(node, User()),
            18 => List(node, User()),
            19 => Revoke(node, pool.Ids[Random.Next(pool.Ids.Count)]),
            _ => Validate(node, pool.Tokens[Random.Next(pool.Tokens.Count)]),
        };
    }

    // Users change with time, so that one revoke without an answer does not leave all later sessions in doubt.
    private string User() => $"user-{world.Time.NowUs / 5_000_000}-{Random.Next(4)}";

    private async Task Create(VirtualNode node)
    {
        var dictatesId = Random.Next(4) == 0;
        var birth = new Birth
        {
            Tag = $"{talk.Number}.{++_births}",
            User = User(),
            Id = dictatesId ? pool.Ids[Random.Next(pool.Ids.Count)] : null,
            Token = Random.Next(3) > 0 ? pool.Tokens[Random.Next(pool.Tokens.Count)] : null,
            TtlMs = !dictatesId && Random.Next(4) == 0 ? 3_000 : 3_600_000,
            Invoked = world.Time.NowUs,
        };
        history.Born(birth);
        var call = talk.Calls(node, "Create", birth.Tag, $"{birth.User} {birth.Id} {birth.Token}");
        var answer = await talk.Ask(node, () => node.Sessions!.CreateAsync(new NewSession
        {
            UserId = birth.User,
            Id = birth.Id,
            Token = birth.Token,
            DeviceId = birth.Tag,
            TtlMs = birth.TtlMs,
        }, CallerAt(node)));
        talk.Heard(call, birth.Tag, answer?.Reply.Outcome, answer is { } a ? a.Reply.Error.ToString() : null);
        if (answer is not var (reply, token)) return;
        birth.Token ??= token;
        if (reply.Outcome == CallOutcome.Unknown || reply.Error == ErrorCode.ReplyForgotten) return;
        if (!reply.IsOk)
        {
            history.Disproved(birth);
            return;
        }
        Created++;
        birth.Id = new ReplyReader(reply.Body.Span).Session().Id;
        birth.Returned = world.Time.NowUs;
        _known.Add(birth);
    }

    private async Task Validate(VirtualNode node, string token)
    {
        var invoked = world.Time.NowUs;
        var touch = Random.Next(3) == 0;
        if (await Ask(node, "Validate", token, (service, caller) => service.ValidateAsync(token, touch, caller)) is not { } reply) return;
        if (reply.Outcome == CallOutcome.Answered) history.Saw(token, null, TagOf(reply), invoked, world.Time.NowUs);
    }

    private async Task Look(VirtualNode node, SessionId id, Birth? known)
    {
        var invoked = world.Time.NowUs;
        // Only one that lives long anyway: the model has no registers for expiries that move.
        var renew = known?.Id == id && known.TtlMs > 100_000 && Random.Next(2) == 0;
        var touch = Random.Next(2) == 0;
        if (await Ask(node, renew ? "Renew" : touch ? "Touch" : "Get", id.ToString(), (service, caller) => renew ? service.RenewAsync(id, 3_600_000, caller)
            : touch ? service.TouchAsync(id, caller) : service.GetAsync(id, caller)) is not { } reply) return;
        if (reply.Outcome != CallOutcome.Answered || (renew && reply.IsOk)) return;
        history.Saw(null, id, TagOf(reply), invoked, world.Time.NowUs);
    }

    private async Task Revoke(VirtualNode node, SessionId id)
    {
        var invoked = world.Time.NowUs;
        var reply = await Ask(node, "Revoke", id.ToString(), (service, caller) => service.RevokeAsync(id, caller));
        if (IsUnknown(reply)) history.Revoked(id, invoked, Operation.Never);
        else if (reply!.Value.Outcome == CallOutcome.Answered)
        {
            if (new ReplyReader(reply.Value.Body.Span).Integer() == 1) history.Revoked(id, invoked, world.Time.NowUs);
            else history.Saw(null, id, null, invoked, world.Time.NowUs);
        }
    }

    private async Task RevokeUser(VirtualNode node, string user)
    {
        var invoked = world.Time.NowUs;
        var reply = await Ask(node, "RevokeUser", user, (service, caller) => service.RevokeUserAsync(user, caller));
        if (IsUnknown(reply)) history.RevokedUser(user, invoked, Operation.Never);
        else if (reply!.Value.Outcome == CallOutcome.Answered) history.RevokedUser(user, invoked, world.Time.NowUs);
    }

    private async Task List(VirtualNode node, string user)
    {
        var invoked = world.Time.NowUs;
        var call = talk.Calls(node, "List", user, null);
        var search = new SessionSearch { UserId = System.Text.Encoding.UTF8.GetBytes(user) };
        var pages = await talk.Ask(node, async () => (await node.Sessions!.SearchAsync(search, CallerAt(node)))[0]);
        var tags = pages is { IsOk: true } page ? TagsOf(page) : null;
        talk.Heard(call, user, pages?.Outcome, tags is null ? null : string.Join(' ', tags));
        if (tags is not null) history.SawUser(user, tags, invoked, world.Time.NowUs);
    }

    private static List<string> TagsOf(StoreReply page)
    {
        var reader = new ReplyReader(page.Body.Span);
        reader.SessionList(out var total, out var count);
        if (total > Quota) throw new SimulationFailure($"A user has {total} sessions; {Quota} are allowed.");
        var tags = new List<string>();
        for (; count > 0; count--) tags.Add(System.Text.Encoding.UTF8.GetString(reader.NextSession().DeviceId));
        return tags;
    }

    private static bool IsUnknown(StoreReply? reply) => reply is null or { Outcome: CallOutcome.Unknown } or { Error: ErrorCode.ReplyForgotten };

    private static string? TagOf(StoreReply reply)
    {
        if (reply.IsOk) return System.Text.Encoding.UTF8.GetString(new ReplyReader(reply.Body.Span).Session().DeviceId);
        if (reply.Error is ErrorCode.TokenInvalid or ErrorCode.TokenExpired or ErrorCode.TokenRevoked or ErrorCode.SessionNotFound
            or ErrorCode.SessionExpired) return null;
        throw new InvalidOperationException($"A session was looked for and the answer was {reply.Error}.");
    }

    private async Task<StoreReply?> Ask(VirtualNode node, string kind, string register, Func<SessionService, Caller, ValueTask<StoreReply>> call)
    {
        var number = talk.Calls(node, kind, register, null);
        var reply = await talk.Ask(node, () => call(node.Sessions!, CallerAt(node)));
        talk.Heard(number, register, reply?.Outcome, reply is { } r ? r.IsOk && r.Tag == ReplyTag.Session ? TagOf(r) : r.Error.ToString() : null);
        return reply;
    }

    private static Caller CallerAt(VirtualNode node) => new(Conversation.DeadlineOf(node), Consistency.Linearizable, null, default, default);
}
