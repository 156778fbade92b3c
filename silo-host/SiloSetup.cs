using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;
using Orleans.Dashboard;
using TokMesh.Cluster.Health;
using TokMesh.Host.Configuration;
using TokMesh.Orleans;
using TokMesh.Orleans.Membership;
using TokMesh.Orleans.Nodes;

namespace TokMesh.Host;

/// <summary>The silo of a server, with the node in it.</summary>
internal static class SiloSetup
{
    public static void Configure(ISiloBuilder silo, HostSettings settings, Failure failure)
    {
        var services = silo.Services;
        services.AddSingleton(failure);
        services.AddSingleton<IFatalErrorHandler>(failure);
        services.AddSingleton<INodeWatch>(static s => s.GetRequiredService<NodeLog>());

        var advertised = FrontEnds.EndPoint(settings.AdvertiseOrListen);
        var gateway = FrontEnds.EndPoint(settings.OrleansGatewayAddress);
        silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (settings.OrleansClusterId, settings.OrleansServiceId));
        silo.Configure<EndpointOptions>(o =>
        {
            o.AdvertisedIPAddress = advertised.Address;
            o.SiloPort = advertised.Port;
            o.SiloListeningEndpoint = FrontEnds.EndPoint(settings.ClusterListenAddress);
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
        SiloPlaces.Use(silo, settings.OrleansLimits);
        silo.AddTokMesh(o => ConfigureNode(o, settings, failure));
        UseOwnTransport(services);
        // Looked at now and then: asking every silo for its figures each second costs more than all else a silo does without work.
        silo.AddDashboard(static o => o.CounterUpdateIntervalMs = 5_000);
    }

    private static void ConfigureNode(TokMeshSiloOptions o, HostSettings settings, Failure failure)
    {
        o.DataDirectory = settings.DataDirectory;
        o.NodeId = settings.NodeId;
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
        o.AuthCacheTtl = TimeSpan.FromMilliseconds(settings.AuthCacheTtlMs);
        o.AuthCacheCapacity = settings.AuthCacheCapacity;
        o.Limits = settings.SessionLimits();
        o.Failed = failure.Stop;
    }

    /// <summary>
    /// Frames go from the socket's thread straight to a lane, as on the other ports (<see cref="InlineSockets"/>): the transport that Orleans
    /// brings hands everything to the thread pool twice.
    /// </summary>
    private static void UseOwnTransport(IServiceCollection services)
    {
        foreach (var theirs in services.Where(s => s.IsKeyedService && s.ServiceType == typeof(IConnectionListenerFactory)).ToArray())
        {
            services.Remove(theirs);
            services.AddKeyedSingleton<IConnectionListenerFactory>(theirs.ServiceKey, static (s, _) => ActivatorUtilities.CreateInstance<PatientTransport>(s));
        }
    }
}
