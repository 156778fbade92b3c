using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Hosting;
using Orleans.Runtime;
using TokMesh.Cluster;
using TokMesh.Gateway;
using TokMesh.Host.Configuration;
using TokMesh.Orleans;
using TokMesh.Orleans.Database;
using TokMesh.Orleans.Membership;

namespace TokMesh.Host;

/// <summary>The silo of a server, with the node in it.</summary>
internal sealed class SiloHost(HostSettings settings, ILoggerFactory loggers, Action<Exception> failed) : IAsyncDisposable
{
    // Below the ten seconds after which whoever stops servers becomes impatient.
    private const int StopSeconds = 8;
    private static readonly TimeSpan DisposeTime = TimeSpan.FromSeconds(2);

    private readonly SiloPlaces _places = new(settings.OrleansLimits, loggers);
    private readonly CancellationTokenSource _stop = new();
    private IHost? _host;
    private Task _starting = Task.CompletedTask;

    /// <summary>The node, and the ways to it.</summary>
    public LocalNode.Running Running => _host!.Services.GetRequiredService<LocalNode>().Required;

    public IMembership Membership => _host!.Services.GetRequiredService<INodeNetwork>();

    /// <summary>The dashboard, for callers that have been let in.</summary>
    public RequestDelegate Dashboard => DashboardPages.Of(_host!.Services);

    /// <summary>Limits of its listeners.</summary>
    public IReadOnlyList<ConnectionLimit> Connections => [_places.Gateway, _places.Silo];

    /// <summary>Returns as soon as the node runs: the silo becomes active by itself once its membership, which may be in meta, can be reached.</summary>
    public async Task StartAsync(NodeDirectory directory, NodeMeter meter, IClock clock, CancellationToken cancel)
    {
        if (settings.UsesAdoNet) await PrepareDatabaseAsync(cancel);
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddLogging();
        builder.Services.AddSingleton(directory);
        builder.Services.AddSingleton<INodeWatch>(meter);
        builder.Services.AddSingleton(clock);
        builder.UseOrleans(Configure);
        builder.Services.AddSingleton<IFatalErrorHandler>(new FatalErrors(failed));
        _host = builder.Build();
        using var link = cancel.UnsafeRegister(static stop => ((CancellationTokenSource)stop!).Cancel(), _stop);
        _starting = Task.Run(() => _host.StartAsync(_stop.Token), CancellationToken.None);
        var node = _host.Services.GetRequiredService<LocalNode>().Ready;
        await Task.WhenAny(node, _starting);
        // Why the node does not start is the better answer.
        if (!node.IsCompleted) await _starting;
        await node.WaitAsync(cancel);
        _ = _starting.ContinueWith(WatchStart, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is null) return;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(StopSeconds));
        // It may wait for a membership that cannot be reached.
        if (!_starting.IsCompleted) await _stop.CancelAsync();
        await _starting.ContinueWith(static _ => { }, TaskScheduler.Default);
        try
        {
            // Orleans stops no silo that has not started.
            if (_starting.IsCompletedSuccessfully) await _host.StopAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The others will find out by themselves.
        }
        await _host.Services.EndTokMeshNodeAsync();
        try
        {
            // Parts of Orleans wait for others that have never run; the process ends all the same.
            if (_host is IAsyncDisposable host) await host.DisposeAsync().AsTask().WaitAsync(DisposeTime);
        }
        catch (TimeoutException)
        {
            // Nothing of the node is left in it.
        }
        _stop.Dispose();
    }

    private void WatchStart(Task start)
    {
        if (!_stop.IsCancellationRequested) failed(new InvalidOperationException($"The silo could not become active: {start.Exception!.GetBaseException().Message}", start.Exception));
    }

    /// <exception cref="InvalidOperationException">The database cannot be reached or used; the message is one sentence.</exception>
    private async Task PrepareDatabaseAsync(CancellationToken cancel)
    {
        if (settings.OrleansCreateTables) await PostgresSchema.ApplyAsync(settings.OrleansConnectionString, cancel);
        if (await PostgresSchema.ProblemAsync(settings.OrleansConnectionString, cancel) is { } problem) throw new InvalidOperationException(problem);
    }

    private void Configure(ISiloBuilder silo)
    {
        var advertised = Doors.EndPoint(settings.AdvertiseOrListen);
        var gateway = Doors.EndPoint(settings.OrleansGatewayAddress);
        silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (settings.OrleansClusterId, settings.OrleansServiceId));
        silo.Configure<EndpointOptions>(o =>
        {
            o.AdvertisedIPAddress = advertised.Address;
            o.SiloPort = advertised.Port;
            o.SiloListeningEndpoint = Doors.EndPoint(settings.ClusterListenAddress);
            o.GatewayPort = gateway.Port;
            o.GatewayListeningEndpoint = gateway;
        });
        silo.Configure<ConnectionOptions>(static o =>
        {
            o.ConnectionRetryDelay = TimeSpan.FromMilliseconds(200);
            o.OpenConnectionTimeout = TimeSpan.FromSeconds(2);
        });
        // Every silo tells every other how busy it is, once a second by default; no grain here is placed by that.
        silo.Configure<DeploymentLoadPublisherOptions>(static o => o.DeploymentLoadPublisherRefreshTime = TimeSpan.FromSeconds(10));
        if (settings.UsesAdoNet)
        {
            silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = ("Npgsql", settings.OrleansConnectionString));
            silo.Configure<ClusterMembershipOptions>(SiloLiveness.Configure);
        }
        else
        {
            silo.UseTokMeshClustering();
        }
        // Before anything is said: a handshake costs, too.
        silo.Configure<SiloConnectionOptions>(_places.Use);
        silo.AddTokMesh(ConfigureNode);
        UseOwnTransport(silo.Services);
        // Looked at now and then: asking every silo for its figures each second costs more than all else a silo does without work.
        silo.AddDashboard(static o => o.CounterUpdateIntervalMs = 5_000);
        DashboardPages.AddServices(silo.Services);
    }

    private void ConfigureNode(TokMeshSiloOptions o)
    {
        o.Node = settings.NodeOptions();
        o.Encryption = settings.Encryption;
        o.EncryptionKey = settings.EncryptionKey;
        o.SecretFile = settings.SecretFile;
        o.Certificates = settings.Certificates();
        o.Zone = settings.Zone;
        o.Seeds = settings.Seeds;
        o.ExpectNodes = settings.ExpectNodes;
        o.ShardCount = settings.ShardCount;
        o.ReplicationFactor = settings.ReplicationFactor;
        o.AdvertiseAddress = settings.AdvertiseOrListen;
        o.HttpAddress = settings.HttpAddress;
        o.RedisAddress = settings.RedisEnabled ? settings.RedisAddress : "";
        o.Limits = new TokMeshLimits
        {
            DefaultTtl = TimeSpan.FromMilliseconds(settings.DefaultTtlMs),
            MaxTtl = TimeSpan.FromMilliseconds(settings.MaxTtlMs),
            QuotaPerUser = settings.QuotaPerUser,
        };
        o.Failed = failed;
    }

    /// <summary>
    /// Frames go from the socket's thread straight to a lane, as on the other ports (<see cref="InlineSockets"/>): the transport that Orleans
    /// brings hands everything to the thread pool twice.
    /// </summary>
    private void UseOwnTransport(IServiceCollection services)
    {
        Doors.AddTransport(services, loggers);
        foreach (var theirs in services.Where(s => s.IsKeyedService && s.ServiceType == typeof(IConnectionListenerFactory)).ToArray())
        {
            services.Remove(theirs);
            services.AddKeyedSingleton<IConnectionListenerFactory>(theirs.ServiceKey, static (s, _) => ActivatorUtilities.CreateInstance<PatientTransport>(s));
        }
    }

    /// <summary>A silo that finds itself declared dead must end, and so must its node: another start brings both back.</summary>
    private sealed class FatalErrors(Action<Exception> failed) : IFatalErrorHandler
    {
        public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

        public void OnFatalException(object? sender, string? context, Exception? exception) =>
            failed(new InvalidOperationException($"Orleans gave up: {context ?? exception?.Message ?? "no reason given"}. The silo must be started again.", exception));
    }
}
