using Microsoft.AspNetCore.Connections;
using TokMesh.Cluster;
using TokMesh.Gateway;
using TokMesh.Host.Configuration;
using TokMesh.Peer;
using TokMesh.Raft;

namespace TokMesh.Host;

/// <summary>One server process: opens the data directory, finds its cluster, runs the node, opens the doors; and all that backwards.</summary>
internal sealed class Server(HostSettings settings, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly Stack<Func<ValueTask>> _undo = new();
    private readonly NodeLog _log = new(loggers.CreateLogger("tokmesh.node"));
    private readonly SystemClock _clock = new();
    private volatile bool _isStopping;

    /// <summary>Told when the node must stop by itself.</summary>
    public required Action<Exception> Failed { get; init; }

    public async Task StartAsync(CancellationToken cancel)
    {
        var descriptors = Descriptors.Limit();
        var (problem, reduced) = Descriptors.ShareOut(settings, descriptors);
        if (problem is not null) throw new InvalidOperationException(problem);
        if (reduced is not null) _log.FewDescriptors(descriptors, reduced);
        var directory = NodeDirectory.Open(settings.DataDirectory, settings.NodeId, _clock);
        Undo(directory.Dispose);
        CheckCertificate(directory.Identity);
        _log.Engine(settings.UsesOrleans ? EngineNames.Orleans : EngineNames.Peer);
        var meter = new NodeMeter(_log);
        var (node, membership, silo) = settings.UsesOrleans
            ? await StartInSiloAsync(directory, meter, cancel)
            : await StartAmongPeersAsync(directory, meter, cancel);

        _log.NodeIdOf = number => node.NodeIdOf(number) ?? $"number {number.Value}";
        var doors = await Doors.OpenAsync(settings, node, meter, membership, loggers, () => _isStopping, silo, cancel);
        Undo(async () => await StopAsync(doors));
        if (node.Self.Value == 1)
        {
            var end = new CancellationTokenSource();
            var admin = AdminKey.EnsureAsync(node, directory.Disk, node.Time, end.Token);
            Undo(async () =>
            {
                end.Cancel();
                await admin;
                end.Dispose();
            });
        }
        Announce(node, directory.Identity);
    }

    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        while (_undo.TryPop(out var step))
        {
            await step();
            // The next step may wait for connections that the thread this one ended on has to serve.
            await Task.Yield();
        }
    }

    // The other nodes would refuse it one by one; here it can be said once, and why.
    private void CheckCertificate(NodeIdentity identity)
    {
        if (settings.Certificates() is not { } certificates) return;
        var shown = NodeCertificates.NodeIdOf(certificates.Own);
        var problem = certificates.Problem(certificates.Own) is { } untrusted ? untrusted
            : shown != identity.NodeId ? $"its common name is \"{shown}\", which must be the node id {identity.NodeId}" : null;
        if (problem is not null)
            throw new InvalidOperationException($"TM-CFG-1007: the certificate {settings.ClusterCertificateFile} is not one for this node: {problem}. Issue one by the authority in {settings.ClusterAuthorityFile}.");
    }

    private async Task<(Node, IMembership, SiloDoors)> StartAmongPeersAsync(NodeDirectory directory, NodeMeter meter, CancellationToken cancel)
    {
        var engine = new PeerEngine(EngineOptions(directory.Identity), _clock, loggers.CreateLogger("tokmesh.peer"));
        Undo(engine.Dispose);
        var peers = await ListenToPeersAsync(engine, cancel);
        Undo(async () => await StopAsync(peers));
        var key = settings.Encryption ? directory.LogKey(settings.EncryptionKey) : null;
        var runtime = await NodeRuntime.StartAsync(directory, key, settings.NodeOptions(), engine, _clock, meter, Failed, cancel);
        Undo(runtime.DisposeAsync);
        if (runtime.Node.Recovery.TornTail is { } torn) _log.TornTail(torn.File, torn.Offset, torn.Bytes);
        return (runtime.Node, engine, SiloDoors.None);
    }

#if ORLEANS
    private async Task<(Node, IMembership, SiloDoors)> StartInSiloAsync(NodeDirectory directory, NodeMeter meter, CancellationToken cancel)
    {
        var silo = new SiloHost(settings, loggers, Failed);
        Undo(silo.DisposeAsync);
        await silo.StartAsync(directory, meter, _clock, cancel);
        return (silo.Node, silo.Membership, silo.Doors);
    }
#else
    private static Task<(Node, IMembership, SiloDoors)> StartInSiloAsync(NodeDirectory directory, NodeMeter meter, CancellationToken cancel) =>
        throw new InvalidOperationException($"{EngineNames.NotBuilt} Node {directory.Identity.NodeId} does not start.");
#endif

    private void Undo(Action step) => _undo.Push(() =>
    {
        step();
        return ValueTask.CompletedTask;
    });

    private void Undo(Func<ValueTask> step) => _undo.Push(step);

    private void Announce(Node node, NodeIdentity identity)
    {
        var genesis = node.Genesis;
        var (members, voters) = (node.Map.Members.Count, node.Map.Groups[0].Voters.Count);
        if (members % 2 == 0) _log.EvenNodes(members, voters, (voters - 1) / 2);
        if (genesis.ReplicationFactor > members) _log.FewNodes(genesis.ReplicationFactor, members, members);
        _log.Up(identity.NodeId, node.Self.Value, genesis.ClusterId, settings.HttpAddress, settings.RedisEnabled ? settings.RedisAddress : "off", settings.AdvertiseOrListen);
    }

    private PeerOptions EngineOptions(NodeIdentity identity) => new()
    {
        NodeId = identity.NodeId,
        DirectoryId = identity.DirectoryId,
        AdvertiseAddress = settings.AdvertiseOrListen,
        HttpAddress = settings.HttpAddress,
        RedisAddress = settings.RedisEnabled ? settings.RedisAddress : "",
        Seeds = settings.Seeds,
        ExpectNodes = settings.ExpectNodes,
        ShardCount = settings.ShardCount,
        ReplicationFactor = settings.ReplicationFactor,
        Certificates = settings.Certificates(),
    };

    private async Task<WebApplication> ListenToPeersAsync(PeerEngine engine, CancellationToken cancel)
    {
        var builder = Doors.NewBuilder(loggers);
        builder.Services.AddSingleton(engine);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(Doors.EndPoint(settings.ClusterListenAddress), listen =>
        {
            if (settings.HasClusterTls) engine.UseMutualTls(listen);
            listen.UseConnectionHandler<PeerListener>();
        }));
        var app = builder.Build();
        await app.StartAsync(cancel);
        return app;
    }

    private static async Task StopAsync(WebApplication app)
    {
        // Connections that stay open for good, links and Redis clients, must not hold up the end.
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            await app.StopAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // They have been cut.
        }
        await app.DisposeAsync();
    }
}
