using System.Buffers;
using TokMesh.Client.Orleans;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Sessions;
using TokMesh.Orleans.Grains;
using TokMesh.State.Queries;

namespace TokMesh.Orleans.Tests.Grains;

public sealed class ShardMapGrainTests(ThreeSilos silos) : IClassFixture<ThreeSilos>
{
    private IShardMapGrain Map => silos.Grains.GetGrain<IShardMapGrain>(0);

    [Fact]
    public async Task The_map_shows_members_and_where_every_shard_is()
    {
        foreach (var linearizable in (bool[])[true, false])
        {
            var map = await Map.Get(linearizable);
            // An election may be under way, on a machine that stood still for a moment.
            await ThreeSilos.UntilAsync("every shard has a leader", async () => (map = await Map.Get(linearizable)).Shards.All(s => s.Leader != 0));
            Assert.Equal(silos.NodeIds, map.Members.Select(m => m.NodeId));
            Assert.All(map.Members, m => Assert.True(m.SinceMs > 0));
            Assert.Equal(Enumerable.Range(0, 8), map.Shards.Select(s => (int)s.Shard));
            Assert.All(map.Shards.Append(map.Meta), s => Assert.Equal([1u, 2, 3], s.Voters.Order().ToArray()));
            Assert.All(map.Shards, s => Assert.Contains(s.Leader, s.Voters));
            Assert.Equal(-1, map.Meta.Shard);
        }
    }

    [Fact]
    public async Task A_plan_is_a_proposal_to_meta_and_every_node_learns_of_it()
    {
        var before = await Map.Get();
        var planned = await Map.PlanMove(5, [3, 1], before.Version);
        Assert.Equal(before.Version + 1, planned);
        var plan = Assert.Single((await Map.Get()).Moves, m => m.Shard == 5);
        Assert.Equal([1u, 3], plan.Voters);
        foreach (var silo in silos.Cluster.Silos)
            await ThreeSilos.UntilAsync("the node has the plan", () => Task.FromResult(ThreeSilos.Access(silo).Node.Meta!.Map.Moves.Any(m => m.Shard == 5)));
        Assert.Equal(planned + 1, await Map.CancelMove(5, planned));
        Assert.Empty((await Map.Get()).Moves);
    }

    [Fact]
    public async Task A_change_for_another_version_is_refused()
    {
        var version = (await Map.Get()).Version;
        Assert.Equal("TM-SESS-4091", (await Assert.ThrowsAsync<ShardMapException>(() => Map.CancelMove(1, version + 7))).Code);
        Assert.Equal(version, (await Map.Get()).Version);
    }

    [Theory]
    [InlineData(8u, new uint[] { 1 }, "allowed is 0 to 7")]
    [InlineData(0u, new uint[0], "allowed is 1 to 7")]
    [InlineData(0u, new uint[] { 1, 1 }, "all different")]
    [InlineData(0u, new uint[] { 1, 77 }, "77 is the number of no member")]
    public async Task A_plan_that_is_not_possible_is_refused_with_the_reason(uint shard, uint[] voters, string reason)
    {
        var error = await Assert.ThrowsAsync<ShardMapException>(() => Map.PlanMove(shard, voters, 0));
        Assert.Equal("TM-ARG-1001", error.Code);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_of_the_gateway_may_ask_and_change_nothing()
    {
        var map = silos.Outside.GetGrain<IShardMapGrain>(0);
        var seen = await map.Get();
        var replica = silos.Outside.GetGrain<IReplicaGrain>(0, "tmnd-1", null);
        Assert.NotNull(await replica.Status());
        Assert.Equal(ReplicaOutcome.Answered, (await replica.Read([.. Query()], 0, 10_000)).Outcome);
        foreach (var change in (Func<Task>[])[() => map.PlanMove(0, [1], seen.Version), () => map.CancelMove(0, seen.Version), () => map.RemoveMember(1, seen.Version),
            () => replica.ChangeMembers([1], []), () => replica.Propose([1], 1000), () => replica.Transfer("tmnd-2"), () => replica.TakeSnapshot()])
            Assert.Contains("for silos alone", (await Assert.ThrowsAsync<UnauthorizedAccessException>(change)).Message, StringComparison.Ordinal);
        Assert.Equal(seen.Version, (await Map.Get()).Version);

        static byte[] Query()
        {
            var query = new ArrayBufferWriter<byte>();
            QueryForms.Get(query, "k"u8);
            return query.WrittenSpan.ToArray();
        }
    }

    [Fact]
    public async Task Who_watches_sees_the_map_as_it_is_and_then_its_changes()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var seen = new List<ShardMap>();
        var version = (await Map.Get()).Version;
        await foreach (var map in Map.Watch(limit.Token).WithCancellation(limit.Token))
        {
            seen.Add(map);
            if (seen.Count == 1) version = await Map.PlanMove(6, [2], map.Version, limit.Token);
            else if (map.Version >= version) break;
        }
        Assert.Contains(seen[^1].Moves, m => m.Shard == 6);
        await Map.CancelMove(6, version);
    }

    [Fact]
    public async Task A_silo_that_comes_later_is_a_member_until_it_is_removed()
    {
        var silo = await silos.Cluster.StartAdditionalSiloAsync();
        var access = ThreeSilos.Access(silo);
        var node = await access.Ready.WaitAsync(TimeSpan.FromSeconds(60));
        var number = node.Self.Value;
        Assert.True(number > 3);
        await ThreeSilos.UntilAsync("the member has meta", () => Task.FromResult(node.Meta is not null));
        Assert.Equal("tmnd-4", Assert.Single((await Map.Get()).Members, m => m.Number == number).NodeId);
        await ThreeSilos.UntilAsync("meta's leader has told that it holds meta", async () => (await Map.Get()).Meta is { Version: > 0 } meta && meta.Learners.Contains(number));

        await ThreeSilos.UntilAsync("meta's leader has told that it has all of it", async () => (await Map.Get()).Members.Single(m => m.Number == number).State == "active");

        // Everything can be reached through it, although it holds no shard.
        var (reply, token) = await access.Sessions.CreateAsync(new NewSession { UserId = "alice", TtlMs = 600_000 }, new Caller(node.NowMs + 10_000, Consistency.Linearizable, null, default, default));
        Assert.True(reply.IsOk, $"{reply.Error} {reply.Detail}");
        var elsewhere = ThreeSilos.Access(silos.Cluster.Silos[0]);
        Assert.True((await elsewhere.Sessions.ValidateAsync(token, false, new Caller(elsewhere.Node.NowMs + 10_000, Consistency.Linearizable, null, default, default))).IsOk);
        Assert.Null(await silos.Replica(0, "tmnd-4").Status());

        // Were it taken out of meta by mistake it would hear nothing of it any more: meta's leader takes it in again.
        await silos.ChangeMembersAsync(IReplicaGrain.Meta, [1, 2, 3], []);
        await ThreeSilos.UntilAsync("the member has meta again", async () =>
            (await silos.Replica(IReplicaGrain.Meta, await silos.LeaderOfAsync(IReplicaGrain.Meta)).Status())!.Learners.Contains(number));

        // A shard that gets it is shown with it, and it cannot be removed.
        await silos.ChangeMembersAsync(2, [1, 2, 3], [number]);
        await ThreeSilos.UntilAsync("the map shows it", async () => (await Map.Get()).Shards[2] is { Version: > 0 } shard && shard.Learners.Contains(number));
        var refused = await Assert.ThrowsAsync<ShardMapException>(async () => await Map.RemoveMember(number, (await Map.Get()).Version));
        Assert.Equal("TM-CLST-4090", refused.Code);
        Assert.Contains("holds 1 shards", refused.Message, StringComparison.Ordinal);
        await silos.ChangeMembersAsync(2, [1, 2, 3], []);
        await ThreeSilos.UntilAsync("the map shows it gone", async () => (await Map.Get()).Shards[2].Learners.Count == 0);

        // A silo that stops is a member still; one that is removed is none.
        await silos.Cluster.StopSiloAsync(silo);
        Assert.Contains((await Map.Get()).Members, m => m.Number == number);
        Assert.Equal("TM-CLST-4090", (await Assert.ThrowsAsync<ShardMapException>(async () => await Map.RemoveMember(2, (await Map.Get()).Version))).Code);
        Assert.Equal("TM-ARG-1001", (await Assert.ThrowsAsync<ShardMapException>(async () => await Map.RemoveMember(77, (await Map.Get()).Version))).Code);
        await Map.RemoveMember(number, (await Map.Get()).Version);
        Assert.DoesNotContain((await Map.Get()).Members, m => m.Number == number);
        await ThreeSilos.UntilAsync("meta has no learner", async () => (await Map.Get()).Meta.Learners.Count == 0);
    }
}
