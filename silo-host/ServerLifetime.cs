using Microsoft.AspNetCore.Hosting.Server;
using TokMesh.Cluster;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Transport;
using TokMesh.Host.Configuration;
using TokMesh.Orleans.Database;

namespace TokMesh.Host;

/// <summary>What is looked at before the silo starts, said when everything runs, and closed before anything stops.</summary>
internal sealed class ServerLifetime(HostSettings settings, NodeDirectory directory, LocalNode local, IServer kestrel, NodeLog log) : IHostedLifecycleService
{
    private static readonly TimeSpan FrontEndsTime = TimeSpan.FromMilliseconds(500);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        CheckCertificate(directory.Identity);
        if (!settings.UsesAdoNet) return;
        if (settings.OrleansCreateTables) await PostgresSchema.ApplyAsync(settings.OrleansConnectionString, cancellationToken);
        if (await PostgresSchema.ProblemAsync(settings.OrleansConnectionString, cancellationToken) is { } problem) throw new InvalidOperationException(problem);
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var node = local.Required.Node;
        var bootstrap = node.Bootstrap;
        var (members, voters) = (node.Map.Members.Count, node.Map.Groups[0].Voters.Count);
        if (members % 2 == 0) log.EvenNodes(members, voters, (voters - 1) / 2);
        if (bootstrap.ReplicationFactor > members) log.FewNodes(bootstrap.ReplicationFactor, members, members);
        log.Up(directory.Identity.NodeId, node.Self.Value, bootstrap.ClusterId, settings.HttpAddress, settings.RedisEnabled ? settings.RedisAddress : "off", settings.AdvertiseOrListen, settings.OrleansGatewayAddress);
        return Task.CompletedTask;
    }

    /// <summary>Connections that stay open for good, as those of Redis clients do, must not hold up the end.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(FrontEndsTime);
        try
        {
            await kestrel.StopAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // They have been cut.
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The other nodes would refuse it one by one; here it can be said once, and why.
    private void CheckCertificate(NodeIdentity identity)
    {
        if (settings.Certificates() is not { } certificates) return;
        var shown = NodeCertificates.NodeIdOf(certificates.Own);
        var problem = certificates.Problem(certificates.Own) is { } untrusted ? untrusted
            : shown != identity.NodeId ? $"its common name is \"{shown}\", which must be the node id {identity.NodeId}" : null;
        if (problem is not null)
            throw new InvalidOperationException($"{Codes.BadCertificate}: the certificate {settings.ClusterCertificateFile} is not one for this node: {problem}. Issue one by the authority in {settings.ClusterAuthorityFile}.");
    }
}
