using System.Diagnostics.Metrics;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Connections.Security;
using TokMesh.Cluster;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Limits;
using TokMesh.Cluster.Metering;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Transport;
using TokMesh.Orleans.Access;
using TokMesh.Orleans.Links;
using TokMesh.Orleans.Membership;
using TokMesh.Orleans.Nodes;
using TokMesh.Orleans.Placement;

namespace TokMesh.Orleans;

/// <summary>How a silo gets a TokMesh node.</summary>
public static class TokMeshSiloExtensions
{
    /// <summary>
    /// Makes the silo carry a TokMesh node. The silo's name becomes the node's id, and its ports open to nobody who has not shown that it
    /// belongs to the cluster (<see cref="TokMeshSiloOptions.SecretFile"/>, <see cref="TokMeshSiloOptions.Certificates"/>). The silo waits at its
    /// start until the node has found its cluster. An <see cref="INodeWatch"/> or a <see cref="NodeDirectory"/> that is registered already is used.
    /// Its figures are those of the meter <see cref="NodeMetrics.MeterName"/>.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range; one line for each.</exception>
    public static ISiloBuilder AddTokMesh(this ISiloBuilder silo, Action<TokMeshSiloOptions> configure)
    {
        var options = new TokMeshSiloOptions();
        configure(options);
        var problems = options.Problems();
        if (problems.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(configure));

        var services = silo.Services;
        services.AddSingleton(options);
        services.AddSingleton(options.Limits);
        services.TryAddSingleton<IClock, SystemClock>();
        services.TryAddSingleton<INodeWatch, SiloWatch>();
        services.TryAddSingleton(s => NodeDirectory.Open(options.DataDirectory, options.NodeId, s.GetRequiredService<IClock>()));
        // Whatever else names silos: links, placement and membership go by this name.
        services.AddOptions<SiloOptions>().PostConfigure<NodeDirectory>(static (o, directory) => o.SiloName = directory.Identity.NodeId);
        services.AddSingleton(LinkOptionsOf);
        services.TryAddSingleton<LocalNode>();
        services.TryAddSingleton<NodeAccess>();
        services.TryAddSingleton(s =>
        {
            var local = s.GetRequiredService<LocalNode>();
            // A wrong clock must not decide which key is too old.
            return new Authenticator(() => local.Current?.Node.Meta, () => local.Current?.Node.Time.WallMs ?? s.GetRequiredService<IClock>().WallMs,
                options.AuthCacheCapacity, (int)options.AuthCacheTtl.TotalMilliseconds);
        });
        services.AddSingleton<Silos>();
        services.AddSingleton<NodeLinks>();
        services.AddSingleton<INodeNetwork>(static s => s.GetRequiredService<NodeLinks>());
        services.AddMetrics();
        services.TryAddSingleton(static s =>
        {
            var local = s.GetRequiredService<LocalNode>();
            return new ReplicaSurvey(() => local.Current?.Node);
        });
        services.TryAddSingleton(MetricsOf);
        services.AddSingleton<SiloNode>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(static s => s.GetRequiredService<SiloNode>());
        if (options.Certificates is { } certificates) silo.UseTls(tls => Encrypt(tls, certificates));
        services.AddSingleton<ConnectionGuard>();
        // After whatever is configured before or later: what comes in is decrypted, and counted, first.
        services.AddSingleton<IPostConfigureOptions<SiloConnectionOptions>>(static s =>
            new PostConfigureOptions<SiloConnectionOptions>(Options.DefaultName, s.GetRequiredService<ConnectionGuard>().Guard));
        services.AddPlacementDirector<NodePlacement, NodePlacementDirector>();
        return silo;
    }

    /// <summary>
    /// Keeps the membership of the silos in TokMesh itself: nothing else is needed. Use this or another clustering of Orleans' own. Needs
    /// <see cref="AddTokMesh"/>.
    /// </summary>
    public static ISiloBuilder UseTokMeshClustering(this ISiloBuilder silo)
    {
        silo.Services.AddSingleton<IMembershipTable>(static s =>
        {
            var (access, node) = (s.GetRequiredService<NodeAccess>(), s.GetRequiredService<SiloNode>());
            return new MetaMembershipTable(() => access.Store, s.GetRequiredService<IOptions<ClusterOptions>>().Value.ClusterId, () => node.IsStopping);
        });
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, MembershipPush>();
        silo.Configure<ClusterMembershipOptions>(SiloLiveness.Configure);
        return silo;
    }

    /// <summary>
    /// Ends the node of a silo whose start has failed or was given up, before its host is disposed of: Orleans stops no such silo. What the node
    /// leads is handed over. Does nothing when it has ended already.
    /// </summary>
    public static Task EndTokMeshNodeAsync(this IServiceProvider services) => services.GetRequiredService<SiloNode>().DisposeAsync().AsTask();

    private static NodeMetrics MetricsOf(IServiceProvider services)
    {
        var local = services.GetRequiredService<LocalNode>();
        var metrics = new NodeMetrics(services.GetRequiredService<IMeterFactory>(), () => local.Current?.Node, services.GetRequiredService<ReplicaSurvey>(), services.GetRequiredService<INodeNetwork>());
        metrics.Add(services.GetService<HeldBytes>() ?? HeldBytes.Unlimited, [.. services.GetServices<ConnectionLimit>()]);
        metrics.Add(services.GetRequiredService<Authenticator>());
        return metrics;
    }

    private static LinkOptions LinkOptionsOf(IServiceProvider services)
    {
        var (options, directory) = (services.GetRequiredService<TokMeshSiloOptions>(), services.GetRequiredService<NodeDirectory>());
        var endpoint = services.GetRequiredService<ILocalSiloDetails>().SiloAddress.Endpoint;
        return new LinkOptions
        {
            NodeId = directory.Identity.NodeId,
            DirectoryId = directory.Identity.DirectoryId,
            Number = directory.Identity.Number,
            Zone = options.Zone.Length > 0 ? options.Zone : null,
            AdvertiseAddress = options.AdvertiseAddress.Length > 0 ? options.AdvertiseAddress : endpoint.ToString(),
            SiloEndPoint = endpoint,
            Bootstrap = directory.Bootstrap,
            HttpAddress = options.HttpAddress,
            RedisAddress = options.RedisAddress,
            Seeds = options.Seeds,
            ExpectNodes = options.ExpectNodes,
            AllowJoin = options.AllowJoin,
            ShardCount = options.ShardCount,
            ReplicationFactor = options.ReplicationFactor,
            DiscoveryTimeout = options.DiscoveryTimeout,
            Certificates = options.Certificates,
            Secret = SecretFiles.Open(options, directory),
        };
    }

    private static void Encrypt(TlsOptions tls, NodeCertificates certificates)
    {
        tls.LocalCertificate = certificates.Own;
        // Clients of the gateway and silos alike show a certificate of the cluster's own authority; nothing else is trusted.
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (certificate, _, _) => certificates.Problem(certificate) is null;
        tls.OnAuthenticateAsClient = static (_, o) =>
        {
            o.TargetHost = "tokmesh-peer";
            o.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        };
    }
}
