using TokMesh.Client.Orleans;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Sessions;
using TokMesh.Orleans.Grains;

namespace TokMesh.Orleans.Tests.Grains;

/// <summary>A planned move is carried out on real silos, and the replica that is not needed any more is deleted.</summary>
public sealed class MovingSilosTests(MovingSilosTests.Silos silos) : IClassFixture<MovingSilosTests.Silos>
{
    private IShardMapGrain Map => silos.Grains.GetGrain<IShardMapGrain>(0);

    [Fact]
    public async Task A_shard_moves_as_planned_and_back_and_loses_nothing()
    {
        var access = ThreeSilos.Access(silos.SiloOf("tmnd-1"));
        var (created, token) = await access.Sessions.CreateAsync(new NewSession { UserId = "alice", TtlMs = 600_000 }, Caller());
        Assert.True(created.IsOk, $"{created.Error} {created.Detail}");
        for (var shard = 0u; shard < 8; shard++) await MoveAsync(shard, [1, 3]);
        await ThreeSilos.UntilAsync("the node that was left out holds nothing of any shard", async () =>
        {
            for (var shard = 0; shard < 8; shard++)
                if (await silos.Replica(shard, "tmnd-2").Status() is not null) return false;
            return true;
        });
        Assert.Empty((await Map.Get()).Moves);
        for (var shard = 0u; shard < 8; shard++) await MoveAsync(shard, [1, 2, 3]);
        await ThreeSilos.UntilAsync("the node holds all shards again", async () =>
        {
            for (var shard = 0; shard < 8; shard++)
            {
                var leader = await silos.Replica(shard, await silos.LeaderOfAsync(shard)).Status();
                if (await silos.Replica(shard, "tmnd-2").Status() is not { } replica || replica.AppliedIndex < leader!.CommitIndex) return false;
            }
            return true;
        });
        Assert.True((await access.Sessions.ValidateAsync(token, false, Caller())).IsOk);

        Caller Caller() => new(access.Node.NowMs + 10_000, Consistency.Linearizable, null, default, default);
    }

    /// <summary>Plans a move and waits until it is made; a node that has yet to delete what it had of the shard is waited for.</summary>
    private async Task MoveAsync(uint shard, uint[] voters)
    {
        await ThreeSilos.UntilAsync($"shard {shard} may move", async () =>
        {
            try
            {
                await Map.PlanMove(shard, voters, (await Map.Get()).Version);
                return true;
            }
            catch (ShardMapException e) when (e.Code is "TM-CLST-4090" or "TM-SESS-4091")
            {
                return false;
            }
        });
        await ThreeSilos.UntilAsync($"shard {shard} has moved", async () =>
        {
            var map = await Map.Get();
            return map.Shards[(int)shard] is { Learners.Count: 0 } at && at.Voters.Order().SequenceEqual(voters) && map.Moves.All(m => m.Shard != shard);
        });
    }

    /// <summary>Silos that carry out what is planned.</summary>
    public sealed class Silos : ThreeSilos
    {
        /// <inheritdoc/>
        protected override int MovesAtOnce => 3;
    }
}
