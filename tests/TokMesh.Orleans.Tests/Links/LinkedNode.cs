using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Connections.Security;
using TokMesh.Client.Orleans.Access;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Starts;
using TokMesh.Cluster.Transport;
using TokMesh.Orleans.Access;
using TokMesh.Orleans.Links;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.TestKit.Disks;

namespace TokMesh.Orleans.Tests.Links;

/// <summary>A node's links behind a silo's guard, listening on loopback, with a real node once it has a cluster, and everything it logs.</summary>
internal sealed class LinkedNode : ILogger<NodeLinks>, INodeWatch, IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly VirtualDisk _disk = new();
    private int _orleans;
    private Node? _node;
    private NodeThreads? _threads;

    private LinkedNode(LinkOptions options)
    {
        Options = options;
        Links = new NodeLinks(options, new SystemClock(), this);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPEndPoint.Parse(options.AdvertiseAddress), listen =>
        {
            if (options.Certificates is { } certificates) listen.UseServerTls(TlsOf(certificates));
            var guard = new ConnectionGuard(options, Links);
            listen.Use(next => connection => guard.AcceptAtSiloPortAsync(connection, next));
            listen.Run(connection =>
            {
                Interlocked.Increment(ref _orleans);
                return connection.Transport.Output.CompleteAsync().AsTask();
            });
        }));
        _app = builder.Build();
    }

    /// <summary>What nodes have that were not told.</summary>
    public static TokMeshSecret Common { get; } = TokMeshSecret.Draw();

    public LinkOptions Options { get; }

    public NodeLinks Links { get; }

    /// <summary>Connections that went on to Orleans.</summary>
    public int ForOrleans => _orleans;

    public Candidate Self => new(Options.NodeId, Options.DirectoryId, Options.AdvertiseAddress, Options.HttpAddress, Options.RedisAddress);

    public ConcurrentQueue<string> Logged { get; } = new();

    public int LeaderChanges { get; private set; }

    public Bootstrap? Stored { get; private set; }

    public static Bootstrap BootstrapOf(params Candidate[] nodes) => new()
    {
        ClusterId = Guid.NewGuid(),
        Nodes = [.. nodes.Select((n, i) => new Member((uint)i + 1, n.NodeId, n.DirectoryId, n.Peer, n.Http, n.Redis))],
        ShardCount = 8,
        ReplicationFactor = 3,
        CreatedAtMs = 1,
    };

    public static async Task<LinkedNode> ListenAsync(string id, int port, IEnumerable<int> seeds, int expect, NodeCertificates? certificates = null, Guid? directory = null, TokMeshSecret? secret = null, bool allowJoin = true)
    {
        var peer = new LinkedNode(new LinkOptions
        {
            NodeId = id,
            DirectoryId = directory ?? Guid.NewGuid(),
            AdvertiseAddress = $"127.0.0.1:{port}",
            SiloEndPoint = new IPEndPoint(IPAddress.Loopback, port),
            HttpAddress = "127.0.0.1:1",
            RedisAddress = "127.0.0.1:2",
            Seeds = [.. seeds.Select(s => $"127.0.0.1:{s}")],
            ExpectNodes = expect,
            ShardCount = 4,
            DiscoveryTimeout = TimeSpan.FromSeconds(20),
            Certificates = certificates,
            Secret = secret ?? (certificates is null ? Common : null),
            AllowJoin = allowJoin,
        });
        await peer._app.StartAsync();
        return peer;
    }

    public async Task<Bootstrap> FindAsync(Bootstrap? known = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(25));
        return (await Links.JoinAsync(known, g =>
        {
            Stored = g;
            return Task.CompletedTask;
        }, limit.Token)).Bootstrap;
    }

    public void Run(Bootstrap bootstrap)
    {
        _node = new Node(bootstrap.NumberOf(Options.NodeId), bootstrap, new NodeOptions { Lanes = 1 }, new LogPlace(_disk), new SystemClock(), Links, System.Security.Cryptography.RandomNumberGenerator.Fill, this);
        _threads = new NodeThreads(_node, e => Logged.Enqueue("FAILED " + e));
        Links.Attach(_node);
        // As a node's runtime does; what these tests are about does not wait for clocks.
        _node.JudgeClock([0]);
    }

    /// <summary>Opens the silo's port as another silo does for Orleans' traffic, and waits until that ends.</summary>
    public async Task OpenForOrleansAsync(NodeCertificates certificates)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPEndPoint.Parse(Options.AdvertiseAddress));
        await using var tls = new SslStream(socket.GetStream());
        await tls.AuthenticateAsClientAsync(certificates.ForClient(static _ => { }));
        var input = PipeReader.Create(tls);
        await Challenge.DialAsync(input, PipeWriter.Create(tls), Options.Secret, Purpose.Silo, Guid.NewGuid(), Challenge.SiloAt(Options.SiloEndPoint), default);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Assert.True((await input.ReadAsync(limit.Token)).IsCompleted);
    }

    public static async Task UntilAsync(string what, Func<bool> holds)
    {
        for (var i = 0; i < 400; i++)
        {
            if (holds()) return;
            await Task.Delay(50);
        }
        Assert.Fail($"After 20 s it does not hold that {what}.");
    }

    public void LeaderChanged(uint group, Role role, Term term, MemberId leader)
    {
        if (!leader.IsNone) LeaderChanges++;
    }

    public void BadFrame(MemberId from, string problem) => Logged.Enqueue("BAD FRAME " + problem);

    public void ClockJudged(bool trusted, double offsetMs)
    {
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Logged.Enqueue($"{logLevel} {formatter(state, exception)}");

    // As a silo's.
    private static TlsOptions TlsOf(NodeCertificates certificates) => new()
    {
        LocalCertificate = certificates.Own,
        ClientCertificateMode = RemoteCertificateMode.RequireCertificate,
        RemoteCertificateMode = RemoteCertificateMode.RequireCertificate,
        RemoteCertificateValidation = (certificate, _, _) => certificates.Problem(certificate) is null,
    };

    public async ValueTask DisposeAsync()
    {
        Links.Dispose();
        _threads?.Dispose();
        _node?.Dispose();
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        try
        {
            await _app.StopAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // Links that stay open are cut.
        }
        await _app.DisposeAsync();
    }
}
