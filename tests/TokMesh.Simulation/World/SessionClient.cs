using TokMesh.Cluster;
using TokMesh.Linearizability;
using TokMesh.State;

namespace TokMesh.Simulation.World;

/// <summary>The names that clients dictate: few, so that they collide across users and nodes.</summary>
internal sealed record NamePool(IReadOnlyList<string> Tokens, IReadOnlyList<SessionId> Ids)
{
    public static NamePool Of(int tokens, int ids) => new(
        [.. Enumerable.Range(1, tokens).Select(n => $"dictated-token-{n}")],
        [.. Enumerable.Range(1, ids).Select(n => new SessionId(new Ulid(((UInt128)0x0180_0000_0000 << 80) + (UInt128)n)))]);
}

/// <summary>A caller that creates, looks at and ends sessions through whichever node it likes, and notes what it was told.</summary>
internal sealed class SessionClient(VirtualWorld world, int number, NamePool pool, SessionHistory history)
{
    public const int Quota = 5;
    private const int DeadlineMs = 3000;
    private const int GraceMs = 1000;
    private readonly Random _random = new(number * 7919 + world.Random.Next());
    private readonly List<Birth> _known = [];
    private int _births;

    public bool Stopped { get; set; }

    public int Answered { get; private set; }

    public int Created { get; private set; }

    /// <summary>Ends when the client was told to stop and its last call has ended.</summary>
    public Task Run() => Loop();

    private async Task Loop()
    {
        await Pause(_random.Next(100_000));
        while (!Stopped)
        {
            var node = world.Nodes[_random.Next(world.Nodes.Count)];
            if (node.Node is not null) await Step(node);
            await Pause(_random.Next(500, 30_000));
        }
    }

    private Task Step(VirtualNode node)
    {
        var known = _known.Count > 0 ? _known[_random.Next(Math.Max(0, _known.Count - 12), _known.Count)] : null;
        return _random.Next(20) switch
        {
            < 6 => Create(node),
            < 10 => Validate(node, pool.Tokens[_random.Next(pool.Tokens.Count)]),
            < 12 when known?.Token is { } token => Validate(node, token),
            < 14 => Look(node, pool.Ids[_random.Next(pool.Ids.Count)], known),
            < 15 when known?.Id is { } id => Look(node, id, known),
            < 18 when known?.Id is { } id => Revoke(node, id),
            18 when _random.Next(4) == 0 => RevokeUser(node, User()),
            19 => Revoke(node, pool.Ids[_random.Next(pool.Ids.Count)]),
            _ => Validate(node, pool.Tokens[_random.Next(pool.Tokens.Count)]),
        };
    }

    // Users change with time, so that one revoke without an answer does not leave all later sessions in doubt.
    private string User() => $"user-{world.Time.NowUs / 5_000_000}-{_random.Next(4)}";

    private async Task Create(VirtualNode node)
    {
        var dictatesId = _random.Next(4) == 0;
        var birth = new Birth
        {
            Tag = $"{number}.{++_births}",
            User = User(),
            Id = dictatesId ? pool.Ids[_random.Next(pool.Ids.Count)] : null,
            Token = _random.Next(3) > 0 ? pool.Tokens[_random.Next(pool.Tokens.Count)] : null,
            TtlMs = !dictatesId && _random.Next(4) == 0 ? 3_000 : 3_600_000,
            Invoked = world.Time.NowUs,
        };
        history.Born(birth);
        var answer = await Ask(node, (service, caller) => service.CreateAsync(new NewSession
        {
            UserId = birth.User,
            Id = birth.Id,
            Token = birth.Token,
            DeviceId = birth.Tag,
            TtlMs = birth.TtlMs,
            Quota = Quota,
        }, caller));
        if (answer is not var (reply, token)) return;
        birth.Token ??= token;
        if (reply.Outcome == CallOutcome.Unknown) return;
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
        var touch = _random.Next(3) == 0;
        if (await Ask(node, (service, caller) => service.ValidateAsync(token, touch, caller)) is not { } reply) return;
        if (reply.Outcome == CallOutcome.Answered) history.Saw(token, null, TagOf(reply), invoked, world.Time.NowUs);
    }

    private async Task Look(VirtualNode node, SessionId id, Birth? known)
    {
        var invoked = world.Time.NowUs;
        // Only one that lives long anyway: the model has no registers for expiries that move.
        var renew = known?.Id == id && known.TtlMs > 100_000 && _random.Next(2) == 0;
        var touch = _random.Next(2) == 0;
        if (await Ask(node, (service, caller) => renew ? service.RenewAsync(id, 3_600_000, caller)
            : touch ? service.TouchAsync(id, caller) : service.GetAsync(id, caller)) is not { } reply) return;
        if (reply.Outcome != CallOutcome.Answered || (renew && reply.IsOk)) return;
        history.Saw(null, id, TagOf(reply), invoked, world.Time.NowUs);
    }

    private async Task Revoke(VirtualNode node, SessionId id)
    {
        var invoked = world.Time.NowUs;
        var reply = await Ask(node, (service, caller) => service.RevokeAsync(id, caller));
        if (reply is not { Outcome: not CallOutcome.Unknown }) history.Revoked(id, invoked, Operation.Never);
        else if (reply.Value.Outcome == CallOutcome.Answered)
        {
            if (new ReplyReader(reply.Value.Body.Span).Integer() == 1) history.Revoked(id, invoked, world.Time.NowUs);
            else history.Saw(null, id, null, invoked, world.Time.NowUs);
        }
    }

    private async Task RevokeUser(VirtualNode node, string user)
    {
        var invoked = world.Time.NowUs;
        var reply = await Ask(node, (service, caller) => service.RevokeUserAsync(user, caller));
        if (reply is not { Outcome: not CallOutcome.Unknown }) history.RevokedUser(user, invoked, Operation.Never);
        else if (reply.Value.Outcome == CallOutcome.Answered) history.RevokedUser(user, invoked, world.Time.NowUs);
    }

    private static string? TagOf(StoreReply reply)
    {
        if (reply.IsOk) return System.Text.Encoding.UTF8.GetString(new ReplyReader(reply.Body.Span).Session().DeviceId);
        if (reply.Error is ErrorCode.TokenInvalid or ErrorCode.TokenExpired or ErrorCode.TokenRevoked or ErrorCode.SessionNotFound
            or ErrorCode.SessionExpired) return null;
        throw new InvalidOperationException($"A session was looked for and the answer was {reply.Error}.");
    }

    /// <summary>The answer, or null of a node that crashed meanwhile.</summary>
    private async Task<T?> Ask<T>(VirtualNode node, Func<SessionService, Caller, ValueTask<T>> call)
        where T : struct
    {
        var boot = node.Boots;
        var answer = call(node.Sessions!, new Caller(node.MonotonicMs + DeadlineMs, Consistency.Linearizable, null, default, default)).AsTask();
        var ended = new TaskCompletionSource();
        _ = Forward(answer, ended);
        world.Time.After((DeadlineMs + GraceMs) * 1000L, () => ended.TrySetResult());
        await ended.Task;
        if (answer.IsCompleted)
        {
            Answered++;
            world.Time.Note((uint)number);
            return await answer;
        }
        if (node.Boots == boot) throw new InvalidOperationException("A call outlived its deadline on a node that was up.");
        return null;
    }

    private static async Task Forward(Task answer, TaskCompletionSource ended)
    {
        try
        {
            await answer;
        }
        finally
        {
            ended.TrySetResult();
        }
    }

    private Task Pause(long us)
    {
        var over = new TaskCompletionSource();
        world.Time.After(us, over.SetResult);
        return over.Task;
    }
}
