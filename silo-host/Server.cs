using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using TokMesh.Cluster;
using TokMesh.Gateway;
using TokMesh.Host.Configuration;
using TokMesh.Log;
using TokMesh.Peer;
using TokMesh.Raft;
using TokMesh.State;

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
        Directory.CreateDirectory(settings.DataDirectory);
        var disk = new FileDisk(settings.DataDirectory);
        var held = disk.Lock();
        Undo(held.Dispose);
        var identity = NodeIdentity.LoadOrCreate(disk, settings.NodeId,
            () => "tmnd-" + Ulid.Of(_clock.WallMs, RandomNumberGenerator.GetBytes(10)));

        var engine = new PeerEngine(EngineOptions(identity), _clock, loggers.CreateLogger("tokmesh.peer"));
        Undo(engine.Dispose);
        var peers = await ListenToPeersAsync(engine, cancel);
        Undo(async () => await StopAsync(peers));
        var genesis = await engine.FindClusterAsync(NodeIdentity.LoadGenesis(disk), found =>
        {
            NodeIdentity.StoreGenesis(disk, found);
            return Task.CompletedTask;
        }, cancel);
        // Away from the socket thread that brought the last answer: what follows reads the whole log.
        await Task.Yield();
        var self = genesis.Nodes.First(n => n.NodeId == identity.NodeId);

        var logDirectory = Path.Combine(settings.DataDirectory, "log");
        Directory.CreateDirectory(logDirectory);
        var meter = new NodeMeter(_log);
        var node = new Node(new MemberId(self.Number), genesis, NodeOptions(), new FileDisk(logDirectory), Key(disk), _clock, engine, RandomNumberGenerator.Fill, meter);
        Undo(node.Dispose);
        if (node.Recovery.TornTail is { } torn) _log.TornTail(torn.File, torn.Offset, torn.Bytes);
        var threads = new NodeThreads(node, Failed);
        Undo(threads.Dispose);
        engine.Attach(node);
        Undo(() => HandOverAsync(node));

        var doors = await Doors.OpenAsync(settings, node, meter, engine, _clock, loggers, () => _isStopping, cancel);
        Undo(async () => await StopAsync(doors));
        if (self.Number == 1)
        {
            var end = new CancellationTokenSource();
            var admin = AdminKey.EnsureAsync(node, disk, _clock, end.Token);
            Undo(async () =>
            {
                end.Cancel();
                await admin;
                end.Dispose();
            });
        }
        Announce(genesis, identity, self.Number);
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

    /// <summary>Gives the others a moment to take over what this node leads; what nobody takes is elected after it is gone.</summary>
    private async ValueTask HandOverAsync(Node node)
    {
        var until = _clock.MonotonicMs + settings.ElectionTimeoutMs;
        node.HandOver();
        while (node.GroupsLed > 0 && _clock.MonotonicMs < until) await Task.Delay(5);
    }

    private void Undo(Action step) => _undo.Push(() =>
    {
        step();
        return ValueTask.CompletedTask;
    });

    private void Undo(Func<ValueTask> step) => _undo.Push(step);

    private void Announce(Genesis genesis, NodeIdentity identity, uint number)
    {
        var voters = genesis.MetaConfiguration.Voters.Count;
        if (genesis.Nodes.Count % 2 == 0) _log.EvenNodes(genesis.Nodes.Count, voters, (voters - 1) / 2);
        if (genesis.ReplicationFactor > genesis.Nodes.Count) _log.FewNodes(genesis.ReplicationFactor, genesis.Nodes.Count, genesis.Nodes.Count);
        _log.Up(identity.NodeId, number, genesis.ClusterId, settings.HttpAddress, settings.RedisEnabled ? settings.RedisAddress : "off", settings.AdvertiseOrListen);
    }

    private byte[]? Key(FileDisk disk) =>
        !settings.Encryption ? null
        : settings.EncryptionKey.Length > 0 ? LogKey.Parse(settings.EncryptionKey)
        : LogKey.LoadOrCreate(disk, RandomNumberGenerator.Fill);

    private NodeOptions NodeOptions() => new()
    {
        Raft = new RaftOptions
        {
            HeartbeatMs = settings.HeartbeatMs,
            ElectionTimeoutMs = settings.ElectionTimeoutMs,
            ElectionJitterMs = Math.Max(1, settings.ElectionTimeoutMs * 2 / 3),
        },
        LogSegmentBytes = settings.SegmentBytes,
        SnapshotThresholdBytes = settings.SnapshotThresholdBytes,
        MaxClockOffsetMs = settings.MaxClockOffsetMs,
    };

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
        Certificates = settings.HasClusterTls
            ? new PeerCertificates(settings.ClusterCertificateFile, settings.ClusterKeyFile, settings.ClusterAuthorityFile) : null,
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
