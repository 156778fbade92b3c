using Microsoft.Extensions.DependencyInjection;
using TokMesh.Cluster.Joining;
using TokMesh.Orleans.Grains;
using TokMesh.Orleans.Nodes;
using TokMesh.Orleans.Tests.Harness;

namespace TokMesh.Orleans.Tests.Grains;

/// <summary>Three silos with a node each, which keep their membership in TokMesh itself.</summary>
public class ThreeSilos : IAsyncLifetime
{
    internal SiloCluster Cluster { get; private set; } = null!;

    /// <summary>Where the membership of these silos is kept; what tests are about is not.</summary>
    protected virtual bool IsMembershipInMeta => true;

    /// <summary>Plans of moves stay plans, unless a test is about moves.</summary>
    protected virtual int MovesAtOnce => 0;

    /// <summary>As code in a silo sees the grains.</summary>
    internal IGrainFactory Grains { get; private set; } = null!;

    /// <summary>As a client of the gateway sees them.</summary>
    internal IGrainFactory Outside => Cluster.Client;

    internal IReadOnlyList<string> NodeIds => ["tmnd-1", "tmnd-2", "tmnd-3"];

    public async Task InitializeAsync()
    {
        Cluster = new SiloCluster(3, (silo, place, first) =>
        {
            silo.AddTokMesh(o =>
            {
                place(o);
                o.Node = o.Node with { MovesAtOnce = MovesAtOnce };
            });
            if (IsMembershipInMeta) silo.UseTokMeshClustering();
            else silo.UseDevelopmentClustering(first);
        });
        await Cluster.StartAsync();
        Grains = SiloOf("tmnd-1").ServiceProvider.GetRequiredService<IGrainFactory>();
        await UntilAsync("every node knows meta and every shard's leader", () => Task.FromResult(Cluster.Silos.All(s => Access(s).Node is { Meta: not null } node
            && Enumerable.Range(0, 9).All(g => !node.LeaderOf((uint)g).IsNone))));
    }

    public async Task DisposeAsync()
    {
        await Cluster.DisposeAsync();
    }

    internal static NodeAccess Access(TestSilo silo) => silo.Access;

    internal TestSilo SiloOf(string nodeId) =>
        Cluster.Silos.First(s => s.ServiceProvider.GetRequiredService<NodeDirectory>().Identity.NodeId == nodeId);

    internal IReplicaGrain Replica(long shard, string nodeId) => Grains.GetGrain<IReplicaGrain>(shard, nodeId, null);

    internal async Task<string> LeaderOfAsync(long shard)
    {
        var leader = "";
        await UntilAsync($"shard {shard} has a leader", async () =>
        {
            foreach (var id in NodeIds)
                if (await Replica(shard, id).Status() is { Role: "leader" }) leader = id;
            return leader.Length > 0;
        });
        return leader;
    }

    /// <summary>Asks the leader of a shard for another membership; again if another one leads by then, as on a machine that stood still for a moment.</summary>
    internal async Task<MembershipReply> ChangeMembersAsync(long shard, uint[] voters, uint[] learners)
    {
        MembershipReply? reply = null;
        await UntilAsync($"the leader of shard {shard} answers", async () =>
            (reply = await Replica(shard, await LeaderOfAsync(shard)).ChangeMembers(voters, learners)).Status != "notleader");
        return reply!;
    }

    /// <param name="what">What must hold in the end.</param>
    /// <param name="holds">Looks whether it does.</param>
    /// <param name="seconds">How long it may take.</param>
    /// <param name="met">What was met instead, for the failure; null when that says nothing.</param>
    internal static async Task UntilAsync(string what, Func<Task<bool>> holds, int seconds = 60, Func<string>? met = null)
    {
        for (var until = DateTime.UtcNow.AddSeconds(seconds); DateTime.UtcNow < until; await Task.Delay(50))
            if (await holds()) return;
        throw new TimeoutException($"After {seconds} s it does not hold that {what}. {met?.Invoke()}");
    }
}

/// <summary>The same with their membership elsewhere, so that a test may do as it likes with the table in meta.</summary>
public sealed class ThreeSilosElsewhere : ThreeSilos
{
    protected override bool IsMembershipInMeta => false;
}
