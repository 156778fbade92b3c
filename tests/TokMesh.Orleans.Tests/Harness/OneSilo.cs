using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using TokMesh.Cluster;
using TokMesh.Cluster.Sessions;
using TokMesh.Orleans.Nodes;
using TokMesh.Orleans.Storage;
using TokMesh.TestKit.Nodes;

namespace TokMesh.Orleans.Tests;

/// <summary>A silo with a whole node of one process, and an Orleans client.</summary>
public sealed class OneSilo : IAsyncLifetime
{
    public const string Provider = "TokMesh";

    /// <summary>Small, so that states of a few kilobytes are large.</summary>
    public const int ChunkBytes = 1000;

    private readonly OneNode _node = new();

    public OneSilo() => Local.Set(_node.Node);

    public LocalNode Local { get; } = new(new SessionLimits { QuotaPerUser = 3, MaxTtl = TimeSpan.FromDays(1) });

    public NodeAccess Access => new(Local);

    public MovedTime Time { get; } = new();

    public InProcessTestCluster Cluster { get; private set; } = null!;

    /// <summary>What the silo's code gets.</summary>
    public IServiceProvider Silo => Cluster.GetSiloServiceProvider();

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
        _node.Dispose();
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
