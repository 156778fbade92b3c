namespace TokMesh.EndToEnd;

/// <summary>One cluster for all tests of a class that leave it as they found it.</summary>
public sealed class ThreeNodes : IAsyncLifetime
{
    private LocalCluster? _cluster;

    internal LocalCluster Cluster => _cluster!;

    public async Task InitializeAsync() => _cluster = await LocalCluster.StartAsync(3);

    public async Task DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
    }
}
