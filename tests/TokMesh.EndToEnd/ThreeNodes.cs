namespace TokMesh.EndToEnd;

/// <summary>One cluster for all tests of a class, each of which finds its three nodes running.</summary>
public sealed class ThreeNodes : IAsyncLifetime
{
    private LocalCluster? _cluster;

    internal LocalCluster Cluster => _cluster!;

    /// <summary>The cluster, with every node running and ready, whatever an earlier test has left.</summary>
    internal async Task<LocalCluster> RestoredAsync()
    {
        Cluster.Links.Heal();
        foreach (var node in Cluster.Nodes)
        {
            if (node.Process!.HasExited) Cluster.Start(node);
        }
        await Cluster.WaitUntilReadyAsync();
        return Cluster;
    }

    public async Task InitializeAsync() => _cluster = await LocalCluster.StartAsync(3);

    public async Task DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
    }
}
