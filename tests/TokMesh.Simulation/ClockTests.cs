using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Placement;
using TokMesh.Cluster.Sessions;
using TokMesh.Cluster.States;
using TokMesh.Simulation.World;
using TokMesh.State.Errors;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Simulation;

/// <summary>A node whose wall clock is wrong calls nothing expired that lives, and makes no other node do so.</summary>
public sealed class ClockTests
{
    private const long YearMs = 365L * 24 * 3600 * 1000;
    private const long HourMs = 3_600_000;
    private const uint Group = 1;

    // Of two shards: the name is reserved at one before the session is created at the other.
    private const string User = "v";
    private const string Token = "dictated-by-the-client";

    public static TheoryData<string> Levels => ["linearizable", "bounded", "local"];

    [Theory]
    [MemberData(nameof(Levels))]
    public void A_live_key_is_alive_on_a_follower_whose_clock_has_gone_a_year_ahead(string level)
    {
        var world = Started(seed: 5);
        var follower = Follower(world);
        SetForAnHour(world);
        follower.Clock.WallOffsetMs = YearMs;
        // Nobody has told it yet; then everybody does.
        Assert.InRange(Left(world, follower, level), HourMs - 2_000, HourMs);
        world.JudgeClock(follower);
        world.Run(100);
        Assert.True(follower.Node!.Clock.IsDistrusted);
        Assert.InRange(Left(world, follower, level), HourMs - 2_000, HourMs);
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void A_key_whose_time_is_over_is_gone_on_a_follower_whose_clock_has_gone_back_a_day(string level)
    {
        var world = Started(seed: 6);
        var follower = Follower(world);
        SetForAnHour(world);
        follower.Clock.WallOffsetMs = -24 * HourMs;
        world.Run((int)HourMs + 1_000);
        Assert.Equal(-2, Left(world, follower, level));
    }

    [Theory]
    [InlineData(YearMs)]
    [InlineData(-YearMs)]
    public void A_leader_whose_clock_jumps_stamps_nothing_and_answers_nothing_until_another_leads(long jumpMs)
    {
        var world = Started(seed: 7);
        var leader = world.LeaderOf(Group)!;
        SetForAnHour(world);
        leader.Clock.WallOffsetMs = jumpMs;
        var deadline = leader.MonotonicMs + 5_000;
        var written = leader.Store!.WriteAsync(Group, b => KeyOps.Set(b, "late"u8, "x"u8, mode: ExpiryMode.Relative, expiryMs: HourMs), deadline).AsTask();
        var read = leader.Store!.ReadAsync(Group, b => QueryForms.PTtl(b, "key"u8), Consistency.Linearizable, deadline).AsTask();
        world.Run(300);
        Assert.False(written.IsCompleted);
        Assert.False(read.IsCompleted);
        world.JudgeClock(leader);
        Assert.True(Answer(world, written, 4_000).IsOk);
        Assert.InRange(new ReplyReader(Answer(world, read, 4_000).Body.Span).Integer(), HourMs - 5_000, HourMs);
        Assert.NotEqual(leader, world.LeaderOf(Group));
        Assert.True(world.RunUntil(() => leader.Node!.GroupsLed == 0, 1_000));
        StampsAreRight(world);
    }

    [Fact]
    public void A_read_that_waits_for_a_majority_when_the_leaders_clock_jumps_is_answered_by_another_leader()
    {
        var world = new VirtualWorld(new WorldPlan { Nodes = 3, Shards = 2, Seed = 8, Raft = new() { LeaseReads = false } });
        world.Run(3_000);
        var leader = world.LeaderOf(Group)!;
        SetForAnHour(world);
        var read = leader.Store!.ReadAsync(Group, b => QueryForms.PTtl(b, "key"u8), Consistency.Linearizable, leader.MonotonicMs + 5_000).AsTask();
        // Taken, and asked about: the answers are under way.
        Assert.True(world.RunUntil(() => leader.Node!.Lanes.All(l => l.ReplicaOf(Group)?.Raft.IsQuiescent != true), 100, stepMs: 1));
        leader.Clock.WallOffsetMs = YearMs;
        world.Run(200);
        world.JudgeClock(leader);
        Assert.InRange(new ReplyReader(Answer(world, read, 4_000).Body.Span).Integer(), HourMs - 5_000, HourMs);
    }

    [Fact]
    public void Cut_off_with_a_wrong_clock_a_node_answers_local_reads_as_of_its_newest_entry()
    {
        var world = Started(seed: 9);
        var follower = Follower(world);
        SetForAnHour(world);
        follower.Clock.WallOffsetMs = YearMs;
        foreach (var other in world.Nodes.Where(n => n != follower))
        {
            world.Network.Cut(follower.Id, other.Id);
            world.Network.Cut(other.Id, follower.Id);
        }
        world.Links.Look();
        world.Run(10_000);
        // The stamp of its newest entry is that of the key or a little later.
        Assert.InRange(Left(world, follower, "local"), HourMs - 1_000, HourMs);
    }

    [Fact]
    public void Nodes_that_all_start_again_are_not_led_by_the_one_whose_clock_is_wrong()
    {
        var world = Started(seed: 10);
        SetForAnHour(world);
        foreach (var node in world.Nodes) node.GoDown(Death.Killed);
        var wrong = world.Nodes[1];
        wrong.Clock.WallOffsetMs = YearMs;
        foreach (var node in world.Nodes) node.Start();
        Assert.True(world.RunUntil(() => Enumerable.Range(0, world.GroupCount).All(g => world.LeaderOf((uint)g) is not null), 10_000));
        world.Run(3_000);
        Assert.Equal(0, wrong.Node!.GroupsLed);
        Assert.InRange(Left(world, world.Nodes[0], "linearizable"), HourMs - 20_000, HourMs);
        StampsAreRight(world);
    }

    [Fact]
    public void Front_ends_of_a_node_with_a_wrong_clock_go_by_the_time_of_the_others()
    {
        var world = Started(seed: 11);
        var node = world.Nodes[2];
        var right = world.Nodes[0].Clock.WallMs;
        node.Clock.WallOffsetMs = YearMs;
        Assert.InRange(node.Node!.Time.WallMs, right - 300, right + 300);
        world.JudgeClock(node);
        Assert.InRange(node.Node.Time.WallMs, right - 300, right + 300);
        // A name that another shard must hold for a while is held until a moment that the other shards agree is to come.
        var created = node.Sessions!.CreateAsync(new NewSession { UserId = User, Token = Token, TtlMs = HourMs },
            new Caller(node.MonotonicMs + 5_000, Consistency.Linearizable, null, default, default)).AsTask();
        var (reply, _) = Answer(world, created, 5_000);
        Assert.True(reply.IsOk, reply.Error.ToString());
    }

    /// <summary>A clock that is ahead before anybody has judged it: what it asks for is refused, not held for longer than by others.</summary>
    [Fact]
    public void A_name_asked_for_by_a_wrong_clock_that_nobody_has_judged_is_not_held()
    {
        var world = Started(seed: 12);
        var node = world.Nodes[2];
        StoreReply Create(long aheadMs) => Answer(world, new SessionService(node.Store!, world.Random.NextBytes, () => node.Clock.WallMs + aheadMs, new SessionLimits()).CreateAsync(
            new NewSession { UserId = User, Token = Token, TtlMs = HourMs },
            new Caller(node.MonotonicMs + 5_000, Consistency.Linearizable, null, default, default)).AsTask(), 5_000).Reply;
        Assert.NotEqual(Sharding.OfName(User, 4), Sharding.OfName(Token, 4));
        Assert.Equal(ErrorCode.ReservationLapsed, Create(aheadMs: 60_000).Error);
        Assert.True(Create(aheadMs: 0).IsOk);
    }

    private static VirtualWorld Started(int seed)
    {
        var world = new VirtualWorld(nodes: 3, shards: 4, seed);
        world.Run(3_000);
        return world;
    }

    private static VirtualNode Follower(VirtualWorld world) => world.Nodes.First(n => n != world.LeaderOf(Group));

    private static void SetForAnHour(VirtualWorld world)
    {
        var node = world.LeaderOf(Group)!;
        var set = node.Store!.WriteAsync(Group, b => KeyOps.Set(b, "key"u8, "value"u8, mode: ExpiryMode.Relative, expiryMs: HourMs), node.MonotonicMs + 5_000).AsTask();
        Assert.True(Answer(world, set, 1_000).IsOk);
        world.Run(200);
    }

    /// <summary>Milliseconds left of the key; -2 when it is gone.</summary>
    private static long Left(VirtualWorld world, VirtualNode node, string level)
    {
        var consistency = level switch
        {
            "bounded" => new Consistency(ConsistencyLevel.Bounded, 500),
            "local" => new Consistency(ConsistencyLevel.Local),
            _ => Consistency.Linearizable,
        };
        var read = node.Store!.ReadAsync(Group, b => QueryForms.PTtl(b, "key"u8), consistency, node.MonotonicMs + 5_000).AsTask();
        var reply = Answer(world, read, 5_500);
        Assert.True(reply.IsOk, $"{reply.Outcome} {reply.Error}");
        return new ReplyReader(reply.Body.Span).Integer();
    }

    private static T Answer<T>(VirtualWorld world, Task<T> call, int mostMs)
    {
        Assert.True(world.RunUntil(() => call.IsCompleted, mostMs, stepMs: 2));
        return call.Result;
    }

    private static void StampsAreRight(VirtualWorld world)
    {
        var right = world.Time.NowUs / 1000 + 1_800_000_000_000;
        foreach (var node in world.Nodes)
            foreach (var replica in node.Node!.Lanes.SelectMany(l => l.Replicas))
                if (replica.State is ShardGroupState shard) Assert.InRange(shard.Shard.EntryTime, 0, right + 500);
    }
}
