using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using TokMesh.Cluster;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Sessions;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Log.Simulation;
using TokMesh.Orleans.Nodes;
using TokMesh.Orleans.Storage;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Orleans.Tests;

/// <summary>A silo with a whole node of one process, and an Orleans client.</summary>
public sealed class OneSilo : IAsyncLifetime
{
    public const string Provider = "TokMesh";

    /// <summary>Small, so that states of a few kilobytes are large.</summary>
    public const int ChunkBytes = 1000;

    private readonly NodeThreads _threads;
    private readonly Node _node;

    public OneSilo()
    {
        (_node, _threads) = StartNode();
        Local.Set(_node);
    }

    public LocalNode Local { get; } = new(new SessionLimits { QuotaPerUser = 3, MaxTtl = TimeSpan.FromDays(1) });

    public NodeAccess Access => new(Local);

    public MovedTime Time { get; } = new();

    public InProcessTestCluster Cluster { get; private set; } = null!;

    /// <summary>What the silo's code gets.</summary>
    public IServiceProvider Silo => Cluster.GetSiloServiceProvider();

    public static (Node Node, NodeThreads Threads) StartNode()
    {
        var genesis = new Genesis
        {
            ClusterId = Guid.NewGuid(),
            Nodes = [new Member(1, "tmnd-test", Guid.NewGuid(), "", "", "")],
            ShardCount = 8,
            ReplicationFactor = 1,
            CreatedAtMs = 1,
        };
        var node = new Node(new MemberId(1), genesis, new NodeOptions { Lanes = 2 }, new LogPlace(new VirtualDisk()), new SystemClock(), new NoTransport(), RandomNumberGenerator.Fill, new NoWatch());
        return (node, new NodeThreads(node, e => throw new InvalidOperationException("A worker failed.", e)));
    }

    public async Task InitializeAsync()
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton(Local);
            silo.Services.AddSingleton<NodeAccess>();
            silo.Services.AddSingleton<TimeProvider>(Time);
            silo.AddTokMeshGrainStorage(Provider, o => o.ChunkBytes = ChunkBytes);
        });
        Cluster = builder.Build();
        await Cluster.DeployAsync();
    }

    public async Task DisposeAsync()
    {
        await Cluster.DisposeAsync();
        _threads.Dispose();
        _node.Dispose();
    }

    private sealed class NoTransport : ITransport
    {
        public void Send(MemberId to, FrameBuffer frames) => frames.Dispose();
    }

    private sealed class NoWatch : INodeWatch
    {
        public void LeaderChanged(uint group, Role role, Term term, MemberId leader)
        {
        }

        public void BadFrame(MemberId from, string problem)
        {
        }

        public void ClockJudged(bool trusted, double offsetMs)
        {
        }
    }
}

/// <summary>The system's time, moved.</summary>
public sealed class MovedTime : TimeProvider
{
    public TimeSpan Offset { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
}

[CollectionDefinition(Name)]
public sealed class SiloCollection : ICollectionFixture<OneSilo>
{
    public const string Name = "silo";
}
