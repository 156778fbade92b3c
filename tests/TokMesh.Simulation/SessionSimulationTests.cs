using System.Buffers;
using System.Text;
using TokMesh.Cluster;
using TokMesh.Linearizability;
using TokMesh.Simulation.World;
using TokMesh.State;

namespace TokMesh.Simulation;

/// <summary>
/// Sessions with drawn and dictated names on the simulated cluster, under crashes, power cuts and cut links: what the clients were
/// told must be explainable, names must stay unique, quotas kept, and nothing of the pointer protocol may be left behind.
/// </summary>
public sealed class SessionSimulationTests
{
    private sealed record Outcome(ulong Trace, int Answered, int Created, int Crashes, long Steps);

    public static TheoryData<int> Seeds()
    {
        var data = new TheoryData<int>();
        var count = int.Parse(Environment.GetEnvironmentVariable("TOKMESH_SEEDS") ?? "6");
        var first = int.Parse(Environment.GetEnvironmentVariable("TOKMESH_FIRST_SEED") ?? "1");
        for (var seed = first; seed < first + count; seed++) data.Add(seed);
        return data;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Names_lead_to_at_most_one_session_and_a_revoke_holds(int seed)
    {
        var outcome = Run(seed, seconds: 20);
        Assert.True(outcome.Answered > 500, $"Only {outcome.Answered} calls were answered.");
        Assert.True(outcome.Created > 30, $"Only {outcome.Created} sessions were created.");
        Assert.True(outcome.Crashes > 0);
    }

    [Fact]
    public void The_same_seed_is_the_same_run() => Assert.Equal(Run(42, seconds: 10), Run(42, seconds: 10));

    private static Outcome Run(int seed, int seconds)
    {
        // Awaiting clients must go on inside the event that answers them, not where the test framework would send them.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return RunAlone(seed, seconds);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private static Outcome RunAlone(int seed, int seconds)
    {
        var world = new VirtualWorld(nodes: 3, shards: 8, seed);
        var history = new SessionHistory();
        var pool = NamePool.Of(tokens: 10, ids: 5);
        var clients = Enumerable.Range(1, 8).Select(n => new SessionClient(world, n, pool, history)).ToArray();
        world.Run(2000);
        var running = clients.Select(c => c.Run()).ToArray();
        var faults = new FaultSchedule(world);
        faults.Run(seconds * 1000);
        foreach (var client in clients) client.Stopped = true;
        faults.Settle();
        // Long enough for every reservation to lapse and to be asked about.
        world.Run(12_000);
        foreach (var client in running)
        {
            if (client.IsFaulted) throw new InvalidOperationException($"Seed {seed}: a client failed.", client.Exception);
            Assert.True(client.IsCompleted, $"Seed {seed}: a client still waits.");
        }
        var end = world.Time.NowUs;
        history.Close();
        Assert.Null(history.Exceeds(b => b.Token, 1));
        Assert.Null(history.Exceeds(b => b.Id?.ToString(), 1));
        Assert.Null(history.Exceeds(b => b.User, SessionClient.Quota));
        LiveSessionsValidateEverywhere(world, history, end);
        QuotasAreKept(world, history);
        var verdict = Checker.Check(history.ToOperations());
        Assert.True(verdict.IsLinearizable, $"Seed {seed}: session {verdict.Register}: {verdict.Explanation}");
        NothingIsLeftUnconfirmed(world, seed);
        NamesAreFreeAgain(world, history, pool);
        world.Run(3000);
        Assert.True(world.DigestsAgree(out var differences), $"Seed {seed}: replicas differ.\n{differences}");
        return new Outcome(world.Time.Trace, clients.Sum(c => c.Answered), clients.Sum(c => c.Created), faults.Crashes, world.Time.Steps);
    }

    private static void LiveSessionsValidateEverywhere(VirtualWorld world, SessionHistory history, long end)
    {
        var names = history.Births.Where(b => b.Token is not null).Select(b => b.Token!).Distinct().ToArray();
        foreach (var node in world.Nodes)
        {
            foreach (var token in names)
            {
                var invoked = world.Time.NowUs;
                var reply = Ask(world, node, (s, c) => s.ValidateAsync(token, false, c));
                Assert.Equal(CallOutcome.Answered, reply.Outcome);
                var seen = reply.IsOk ? Encoding.UTF8.GetString(new ReplyReader(reply.Body.Span).Session().DeviceId) : null;
                history.Saw(token, null, seen, invoked, world.Time.NowUs);
                var lives = history.Births.SingleOrDefault(b => b.Token == token && b.IsCertain && b.LivesUntil > end + 3_600_000_000);
                if (lives is not null) Assert.Equal(lives.Tag, seen);
            }
        }
    }

    private static void QuotasAreKept(VirtualWorld world, SessionHistory history)
    {
        foreach (var user in history.Births.Select(b => b.User).Distinct())
        {
            var search = new SessionSearch { UserId = Encoding.UTF8.GetBytes(user) };
            var replies = Ask(world, world.Nodes[0], (s, c) => s.SearchAsync(search, c));
            var reader = new ReplyReader(replies.Single().Body.Span);
            reader.SessionList(out var total, out _);
            Assert.InRange(total, 0, SessionClient.Quota);
        }
    }

    private static void NothingIsLeftUnconfirmed(VirtualWorld world, int seed)
    {
        var query = new ArrayBufferWriter<byte>();
        Queries.UnconfirmedNames(query, 10);
        foreach (var shard in Shards(world))
        {
            Assert.True(shard.OutboxCount == 0, $"Seed {seed}: {shard.OutboxCount} errands are left.");
            var reply = new ArrayBufferWriter<byte>();
            shard.Query(query.WrittenSpan, long.MaxValue, reply);
            Assert.Equal(0, new ReplyReader(reply.WrittenSpan).NamePointerList());
        }
    }

    private static void NamesAreFreeAgain(VirtualWorld world, SessionHistory history, NamePool pool)
    {
        foreach (var user in history.Births.Select(b => b.User).Distinct())
            Assert.True(Ask(world, world.Nodes[1], (s, c) => s.RevokeUserAsync(user, c)).IsOk);
        for (var i = 0; i < pool.Tokens.Count; i++)
        {
            var session = new NewSession
            {
                UserId = $"heir-{i}",
                Id = i < pool.Ids.Count ? pool.Ids[i] : null,
                Token = pool.Tokens[i],
                TtlMs = 3_600_000,
                Quota = SessionClient.Quota,
            };
            var (reply, _) = Ask(world, world.Nodes[i % 3], (s, c) => s.CreateAsync(session, c));
            Assert.True(reply.IsOk, $"{session.Token} and {session.Id} could not be had again: {reply.Outcome} {reply.Error} {reply.Detail}");
        }
    }

    private static IEnumerable<ShardState> Shards(VirtualWorld world) =>
        world.Nodes.SelectMany(n => n.Node!.Lanes).SelectMany(l => l.Replicas).Select(r => r.State).OfType<ShardGroupState>().Select(s => s.Shard);

    private static T Ask<T>(VirtualWorld world, VirtualNode node, Func<SessionService, Caller, ValueTask<T>> call)
    {
        var boot = node.Boots;
        var answer = call(node.Sessions!, new Caller(node.MonotonicMs + 5000, Consistency.Linearizable, null, default, default)).AsTask();
        for (var ms = 0; !answer.IsCompleted && ms < 6000; ms++) world.Run(1);
        Assert.True(node.Boots == boot, "A node went down though every fault has ended.");
        Assert.True(answer.IsCompleted, "A call outlived its deadline.");
        return answer.GetAwaiter().GetResult();
    }
}
