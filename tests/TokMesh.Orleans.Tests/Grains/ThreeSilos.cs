using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.TestingHost;
using TokMesh.Cluster;

namespace TokMesh.Orleans.Tests.Grains;

/// <summary>Three silos in this process, each with a TokMesh node as an application would add one, and a client.</summary>
public sealed class ThreeSilos : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-silos-").FullName;
    private int _silos;

    internal InProcessTestCluster Cluster { get; private set; } = null!;

    /// <summary>As code in a silo sees the grains.</summary>
    internal IGrainFactory Grains { get; private set; } = null!;

    /// <summary>As a client of the gateway sees them.</summary>
    internal IGrainFactory Outside => Cluster.Client;

    internal IReadOnlyList<string> NodeIds => ["tmnd-1", "tmnd-2", "tmnd-3"];

    public async Task InitializeAsync()
    {
        var builder = new InProcessTestClusterBuilder(3);
        builder.ConfigureSilo((_, silo) =>
        {
            var id = $"tmnd-{Interlocked.Increment(ref _silos)}";
            silo.AddMemoryGrainStorage(TokMeshSiloOptions.DefaultBootstrapStorage);
            silo.AddTokMesh(o =>
            {
                o.DataDirectory = Path.Combine(_folder, id);
                o.NodeId = id;
                o.ShardCount = 8;
            });
        });
        Cluster = builder.Build();
        await Cluster.DeployAsync();
        Grains = SiloOf("tmnd-1").ServiceProvider.GetRequiredService<IGrainFactory>();
        foreach (var silo in Cluster.Silos) await Access(silo).Ready.WaitAsync(TimeSpan.FromSeconds(60));
        await UntilAsync("every node knows meta and every shard's leader", () => Task.FromResult(Cluster.Silos.All(s => Access(s).Node is { Meta: not null } node
            && Enumerable.Range(0, 9).All(g => !node.LeaderOf((uint)g).IsNone))));
    }

    public async Task DisposeAsync()
    {
        await Cluster.StopAllSilosAsync();
        await Cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    internal static NodeAccess Access(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<NodeAccess>();

    internal InProcessSiloHandle SiloOf(string nodeId) =>
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

    internal static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        for (var until = DateTime.UtcNow.AddSeconds(60); DateTime.UtcNow < until; await Task.Delay(50))
            if (await holds()) return;
        throw new TimeoutException($"After 60 s it does not hold that {what}.");
    }
}
