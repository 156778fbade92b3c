using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokMesh.Cluster;
using TokMesh.Log.Simulation;
using TokMesh.Raft;

namespace TokMesh.Peer.Tests;

/// <summary>A peer engine listening on loopback, with a real node once it has a cluster, and everything it logs.</summary>
internal sealed class TestPeer : ILogger, INodeWatch, IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly VirtualDisk _disk = new();
    private Node? _node;
    private NodeThreads? _threads;

    private TestPeer(PeerOptions options)
    {
        Options = options;
        Engine = new PeerEngine(options, new SystemClock(), this);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton(Engine);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPEndPoint.Parse(options.AdvertiseAddress), listen =>
        {
            if (options.Certificates is not null) Engine.UseMutualTls(listen);
            listen.UseConnectionHandler<PeerListener>();
        }));
        _app = builder.Build();
    }

    public PeerOptions Options { get; }

    public PeerEngine Engine { get; }

    public Candidate Self => new(Options.NodeId, Options.DirectoryId, Options.AdvertiseAddress, Options.HttpAddress, Options.RedisAddress);

    public ConcurrentQueue<string> Logged { get; } = new();

    public int LeaderChanges { get; private set; }

    public Genesis? Stored { get; private set; }

    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public static async Task<TestPeer> ListenAsync(string id, int port, IEnumerable<int> seeds, int expect, NodeCertificates? certificates = null, Guid? directory = null)
    {
        var peer = new TestPeer(new PeerOptions
        {
            NodeId = id,
            DirectoryId = directory ?? Guid.NewGuid(),
            AdvertiseAddress = $"127.0.0.1:{port}",
            HttpAddress = "127.0.0.1:1",
            RedisAddress = "127.0.0.1:2",
            Seeds = [.. seeds.Select(s => $"127.0.0.1:{s}")],
            ExpectNodes = expect,
            ShardCount = 4,
            DiscoveryTimeout = TimeSpan.FromSeconds(20),
            Certificates = certificates,
        });
        await peer._app.StartAsync();
        return peer;
    }

    public async Task<Genesis> FindAsync(Genesis? known = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(25));
        return (await Engine.JoinAsync(known, g =>
        {
            Stored = g;
            return Task.CompletedTask;
        }, limit.Token)).Genesis;
    }

    public void Run(Genesis genesis)
    {
        _node = new Node(genesis.NumberOf(Options.NodeId), genesis, new NodeOptions { Lanes = 1 }, new LogPlace(_disk), new SystemClock(), Engine, System.Security.Cryptography.RandomNumberGenerator.Fill, this);
        _threads = new NodeThreads(_node, e => Logged.Enqueue("FAILED " + e));
        Engine.Attach(_node);
        // As a node's runtime does; what these tests are about does not wait for clocks.
        _node.JudgeClock([0]);
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

    public async ValueTask DisposeAsync()
    {
        Engine.Dispose();
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
