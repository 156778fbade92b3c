using TokMesh.Cluster;
using TokMesh.Gateway;
using TokMesh.Host.Configuration;

namespace TokMesh.Host;

/// <summary>One server process: opens the data directory, starts the silo with the node in it, opens the doors; and all that backwards.</summary>
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
        var meter = new NodeMeter(_log);
        var silo = new SiloHost(settings, loggers, Failed);
        Undo(silo.DisposeAsync);
        await silo.StartAsync(directory, meter, _clock, cancel);
        var node = silo.Running.Node;
        if (node.Recovery.TornTail is { } torn) _log.TornTail(torn.File, torn.Offset, torn.Bytes);

        _log.NodeIdOf = number => node.NodeIdOf(number) ?? $"number {number.Value}";
        var doors = await Doors.OpenAsync(settings, silo, meter, loggers, () => _isStopping, cancel);
        Undo(async () => await StopAsync(doors));
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
        _log.Up(identity.NodeId, node.Self.Value, genesis.ClusterId, settings.HttpAddress, settings.RedisEnabled ? settings.RedisAddress : "off", settings.AdvertiseOrListen, settings.OrleansGatewayAddress);
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
