using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using TokMesh.Client.Orleans.Access;
using TokMesh.Orleans.Nodes;

namespace TokMesh.Orleans.Tests.Harness;

/// <summary>A silo of a test, with a TokMesh node, on ports of its own.</summary>
internal sealed class TestSilo(IHost host, int port, int gateway)
{
    public IHost Host => host;

    public IServiceProvider ServiceProvider => host.Services;

    public NodeAccess Access => host.Services.GetRequiredService<NodeAccess>();

    public SiloAddress SiloAddress => host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    public IPEndPoint SiloPort => new(IPAddress.Loopback, port);

    public IPEndPoint GatewayPort => new(IPAddress.Loopback, gateway);
}

/// <summary>Real silos in this process, over TCP, each with a TokMesh node as an application would add one, and a client.</summary>
internal sealed class SiloCluster : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-silos-").FullName;
    private readonly Configure _configure;
    private readonly string _secret;
    private readonly List<TestSilo> _silos = [];
    private readonly int[] _ports;
    private IHost? _client;
    private int _made;

    /// <param name="silos">How many begin it.</param>
    /// <param name="configure">What an application would say of each.</param>
    public SiloCluster(int silos, Configure configure)
    {
        _configure = configure;
        _ports = [.. Enumerable.Range(0, silos).Select(_ => FreePort())];
        _secret = Path.Combine(_folder, "secret");
        File.WriteAllText(_secret, TokMeshSecret.Draw().ToFileText());
    }

    /// <summary>Makes a silo of this cluster of a host's.</summary>
    /// <param name="silo">It.</param>
    /// <param name="place">Where the node is and whom it belongs to.</param>
    /// <param name="first">The first silo's port.</param>
    public delegate void Configure(ISiloBuilder silo, Action<TokMeshSiloOptions> place, IPEndPoint first);

    public IReadOnlyList<TestSilo> Silos => _silos;

    /// <summary>What every node has.</summary>
    public TokMeshSecret Secret => TokMeshSecret.Read(_secret);

    /// <summary>Of an application.</summary>
    public IClusterClient Client => _client!.Services.GetRequiredService<IClusterClient>();

    public async Task StartAsync(Action<IClientBuilder>? client = null)
    {
        // All at once: each waits for the others.
        _silos.AddRange(_ports.Select(NewSilo));
        await Task.WhenAll(_silos.Select(s => s.Host.StartAsync()));
        _client = NewClient(c =>
        {
            c.UseStaticClustering([.. _silos.Select(s => s.GatewayPort)]);
            client?.Invoke(c);
        });
        await _client.StartAsync();
    }

    /// <summary>Another application, with the secret as a node has left it.</summary>
    public IHost NewClient(Action<IClientBuilder> configure) => new HostBuilder().UseOrleansClient(c =>
    {
        c.Configure<ClusterOptions>(static o => (o.ClusterId, o.ServiceId) = ("test", "test"));
        c.UseTokMeshSecret(TokMeshSecret.Read(Path.Combine(_folder, "tmnd-1", "client.secret")));
        configure(c);
    }).ConfigureLogging(static l => l.ClearProviders()).Build();

    public async Task<TestSilo> StartAdditionalSiloAsync()
    {
        var silo = NewSilo(FreePort());
        _silos.Add(silo);
        await silo.Host.StartAsync();
        return silo;
    }

    public async Task StopSiloAsync(TestSilo silo)
    {
        _silos.Remove(silo);
        await silo.Host.StopAsync();
        silo.Host.Dispose();
    }

    /// <summary>Without saying goodbye.</summary>
    public async Task KillSiloAsync(TestSilo silo)
    {
        _silos.Remove(silo);
        try
        {
            await silo.Host.StopAsync(new CancellationToken(canceled: true));
        }
        catch (OperationCanceledException)
        {
            // It had no time at all.
        }
        silo.Host.Dispose();
    }

    /// <summary>Where in the cluster a grain is active; Orleans shows that to nobody outside.</summary>
    public bool TryGetGrainContext(GrainId grain, [NotNullWhen(true)] out IGrainContext? context)
    {
        var type = AppDomain.CurrentDomain.GetAssemblies()
            .First(a => a.GetName().Name == "Orleans.Runtime").GetType("Orleans.Runtime.ActivationDirectory", throwOnError: true)!;
        context = _silos.SelectMany(s => (IEnumerable<KeyValuePair<GrainId, IGrainContext>>)s.ServiceProvider.GetRequiredService(type))
            .Where(a => a.Key == grain).Select(a => a.Value).FirstOrDefault();
        return context is not null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.StopAsync();
            _client.Dispose();
        }
        // One after the other: silos that change the membership at once wait for seconds before they try again.
        foreach (var silo in _silos.ToArray()) await StopSiloAsync(silo);
        Directory.Delete(_folder, recursive: true);
    }

    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private TestSilo NewSilo(int port)
    {
        var (id, gateway) = ($"tmnd-{++_made}", FreePort());
        var host = new HostBuilder().UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = ("test", "test"));
            silo.Configure<EndpointOptions>(o => (o.AdvertisedIPAddress, o.SiloPort, o.GatewayPort) = (IPAddress.Loopback, port, gateway));
            _configure(silo, Place, new IPEndPoint(IPAddress.Loopback, _ports[0]));
        }).ConfigureLogging(static l => l.ClearProviders()).Build();
        return new TestSilo(host, port, gateway);

        void Place(TokMeshSiloOptions o)
        {
            o.DataDirectory = Path.Combine(_folder, id);
            o.NodeId = id;
            o.ShardCount = 8;
            o.SecretFile = _secret;
            o.Seeds = [.. _ports.Select(p => $"127.0.0.1:{p}")];
        }
    }
}
