using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Dashboard;
using Orleans.Hosting;
using Orleans.Runtime;
using TokMesh.Cluster;
using TokMesh.Gateway;
using TokMesh.Host.Configuration;
using TokMesh.Orleans;
using TokMesh.Orleans.Database;

namespace TokMesh.Host;

/// <summary>The silo of a server that uses the Orleans engine, with the node in it.</summary>
internal sealed class SiloHost(HostSettings settings, ILoggerFactory loggers, Action<Exception> failed) : IAsyncDisposable
{
    private const int StopSeconds = 20;

    private readonly SiloPlaces _places = new(settings.OrleansLimits, loggers);
    private IHost? _host;

    public Node Node => _host!.Services.GetRequiredService<NodeAccess>().Node;

    public IMembership Membership => _host!.Services.GetRequiredService<IEngine>();

    public SiloDoors Doors { get; private set; }

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
        await _host.StartAsync(cancel);
        await _host.Services.GetRequiredService<NodeAccess>().Ready.WaitAsync(cancel);
        Doors = new SiloDoors((DashboardPages.Path, DashboardPages.Of(_host.Services)), [_places.Gateway, _places.Silo]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is null) return;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(StopSeconds));
        try
        {
            await _host.StopAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The others will find out by themselves.
        }
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
    }

    /// <exception cref="InvalidOperationException">The database cannot be reached or used; the message is one sentence.</exception>
    private async Task PrepareDatabaseAsync(CancellationToken cancel)
    {
        if (settings.OrleansCreateTables) await PostgresSchema.ApplyAsync(settings.OrleansConnectionString, cancel);
        if (await PostgresSchema.ProblemAsync(settings.OrleansConnectionString, cancel) is { } problem) throw new InvalidOperationException(problem);
    }

    private void Configure(ISiloBuilder silo)
    {
        var advertised = Host.Doors.EndPoint(settings.AdvertiseOrListen);
        var gateway = Host.Doors.EndPoint(settings.OrleansGatewayAddress);
        silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (settings.OrleansClusterId, settings.OrleansServiceId));
        silo.Configure<EndpointOptions>(o =>
        {
            o.AdvertisedIPAddress = advertised.Address;
            o.SiloPort = advertised.Port;
            o.SiloListeningEndpoint = Host.Doors.EndPoint(settings.ClusterListenAddress);
            o.GatewayPort = gateway.Port;
            o.GatewayListeningEndpoint = gateway;
        });
        silo.Configure<ClusterMembershipOptions>(Liveness);
        silo.Configure<ConnectionOptions>(static o =>
        {
            o.ConnectionRetryDelay = TimeSpan.FromMilliseconds(200);
            o.OpenConnectionTimeout = TimeSpan.FromSeconds(2);
        });
        if (settings.UsesAdoNet) UseAdoNet(silo);
        else UseLocalhost(silo);
        // Before anything is said: a handshake costs, too.
        silo.Configure<SiloConnectionOptions>(_places.Use);
        if (settings.Certificates() is { } certificates) silo.UseTls(tls => Encrypt(tls, certificates));
        silo.AddTokMesh(o =>
        {
            o.Node = settings.NodeOptions();
            o.Encryption = settings.Encryption;
            o.EncryptionKey = settings.EncryptionKey;
            o.ExpectNodes = settings.ExpectNodes;
            o.ShardCount = settings.ShardCount;
            o.ReplicationFactor = settings.ReplicationFactor;
            o.HttpAddress = settings.HttpAddress;
            o.RedisAddress = settings.RedisEnabled ? settings.RedisAddress : "";
            o.Limits = new TokMeshLimits
            {
                DefaultTtl = TimeSpan.FromMilliseconds(settings.DefaultTtlMs),
                MaxTtl = TimeSpan.FromMilliseconds(settings.MaxTtlMs),
                QuotaPerUser = settings.QuotaPerUser,
            };
            o.Failed = failed;
        });
        // Looked at now and then: asking every silo for its figures each second costs more than all else a silo does without work.
        silo.AddDashboard(static o => o.CounterUpdateIntervalMs = 5_000);
        DashboardPages.AddServices(silo.Services);
    }

    /// <summary>
    /// A silo that does not answer is buried after about ten seconds, as the peer engine calls a node dead; leadership does not wait for
    /// that. Signs of life are frequent, so that after the loss of a whole cluster silos that come back wait for those that do not
    /// for seconds, not minutes.
    /// </summary>
    private static void Liveness(ClusterMembershipOptions o)
    {
        o.ProbeTimeout = TimeSpan.FromSeconds(3);
        // Four times as long by default, while which nobody is buried: a frozen silo stayed in the membership for 38 s.
        o.MaxProbeTimeout = o.ProbeTimeout;
        o.NumMissedProbesLimit = 3;
        o.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        o.NumMissedTableIAmAliveLimit = 3;
        o.TableRefreshTimeout = TimeSpan.FromSeconds(10);
        o.MaxJoinAttemptTime = TimeSpan.FromSeconds(60);
    }

    private void UseAdoNet(ISiloBuilder silo)
    {
        silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = ("Npgsql", settings.OrleansConnectionString));
        silo.AddAdoNetGrainStorage(TokMeshSiloOptions.DefaultBootstrapStorage, o => (o.Invariant, o.ConnectionString) = ("Npgsql", settings.OrleansConnectionString));
    }

    private void UseLocalhost(ISiloBuilder silo)
    {
        IPEndPoint? primary = settings.OrleansPrimary.Length == 0 || settings.OrleansPrimary == settings.AdvertiseOrListen ? null : Host.Doors.EndPoint(settings.OrleansPrimary);
        silo.UseDevelopmentClustering(primary);
        silo.AddMemoryGrainStorage(TokMeshSiloOptions.DefaultBootstrapStorage);
    }

    private static void Encrypt(TlsOptions tls, NodeCertificates certificates)
    {
        tls.LocalCertificate = certificates.Own;
        // Clients of the gateway and silos alike show a certificate of the cluster's own authority; nothing else is trusted.
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (certificate, _, _) => certificates.Problem(certificate) is null;
        tls.OnAuthenticateAsClient = static (_, o) => o.TargetHost = "tokmesh-peer";
    }

    /// <summary>A silo that finds itself declared dead must end, and so must its node: another start brings both back.</summary>
    private sealed class FatalErrors(Action<Exception> failed) : IFatalErrorHandler
    {
        public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

        public void OnFatalException(object? sender, string? context, Exception? exception) =>
            failed(new InvalidOperationException($"Orleans gave up: {context ?? exception?.Message ?? "no reason given"}. The silo must be started again.", exception));
    }
}
