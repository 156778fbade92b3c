using System.Buffers;
using TokMesh.Client.Orleans;
using TokMesh.Cluster;

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
            Assert.All(map.Members, m => Assert.False(m.IsGuest));
            Assert.Equal(Enumerable.Range(0, 8), map.Shards.Select(s => (int)s.Shard));
            Assert.All(map.Shards, s => Assert.Equal([1u, 2, 3], s.Replicas.Order().ToArray()));
            Assert.All(map.Shards, s => Assert.Contains(s.Leader, s.Replicas));
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
    public async Task A_silo_that_comes_later_serves_as_a_guest_and_leaves_as_one()
    {
        var guest = await silos.Cluster.StartAdditionalSiloAsync();
        var access = ThreeSilos.Access(guest);
        var node = await access.Ready.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(node.Self.Value > 3);
        await ThreeSilos.UntilAsync("the guest has meta", () => Task.FromResult(node.Meta is not null));
        var listed = Assert.Single((await Map.Get()).Members, m => m.IsGuest);
        Assert.Equal((node.Self.Value, "tmnd-4"), (listed.Number, listed.NodeId));

        // Everything can be reached through it, although it holds nothing.
        var (reply, token) = await access.Sessions.CreateAsync(new NewSession { UserId = "alice", TtlMs = 600_000, Quota = 50 }, new Caller(node.NowMs + 10_000, Consistency.Linearizable, null, default, default));
        Assert.True(reply.IsOk, $"{reply.Error} {reply.Detail}");
        var elsewhere = ThreeSilos.Access(silos.Cluster.Silos[0]);
        Assert.True((await elsewhere.Sessions.ValidateAsync(token, false, new Caller(elsewhere.Node.NowMs + 10_000, Consistency.Linearizable, null, default, default))).IsOk);
        Assert.Null(await silos.Replica(0, "tmnd-4").Status());
        Assert.Contains(node.Self.Value, (await silos.Replica(IReplicaGrain.Meta, await silos.LeaderOfAsync(IReplicaGrain.Meta)).Status())!.Learners);

        // Should its seat be taken away by mistake it would hear nothing of meta any more: it takes the seat again.
        var store = ThreeSilos.Access(silos.Cluster.Silos[0]).Store;
        Assert.True((await store.WriteAsync(0, b => b.Write(MetaOps.ChangeMap(new MapChange { RemoveGuest = node.Self.Value })), store.Node.NowMs + 10_000)).IsOk);
        await silos.Replica(IReplicaGrain.Meta, await silos.LeaderOfAsync(IReplicaGrain.Meta)).ChangeMembers([1, 2, 3], []);
        await ThreeSilos.UntilAsync("the guest has its seat again", async () => (await Map.Get()).Members.Any(m => m.IsGuest)
            && (await silos.Replica(IReplicaGrain.Meta, await silos.LeaderOfAsync(IReplicaGrain.Meta)).Status())!.Learners.Contains(node.Self.Value));

        await silos.Cluster.StopSiloAsync(guest);
        Assert.DoesNotContain((await Map.Get()).Members, m => m.IsGuest);
        await ThreeSilos.UntilAsync("meta has no learner", async () =>
            (await silos.Replica(IReplicaGrain.Meta, await silos.LeaderOfAsync(IReplicaGrain.Meta)).Status())!.Learners.Length == 0);
    }
}
