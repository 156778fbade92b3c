namespace TokMesh.EndToEnd;

/// <summary>One cluster of each engine for all tests of a class that leave it as they found it, started when a test first asks for it.</summary>
public sealed class ThreeNodes(Machine machine) : IAsyncLifetime
{
    private readonly Dictionary<Engine, LocalCluster> _clusters = [];

    internal async Task<LocalCluster> OfAsync(Engine engine)
    {
        if (!_clusters.TryGetValue(engine, out var cluster)) _clusters[engine] = cluster = await LocalCluster.StartAsync(machine, engine, 3);
        return cluster;
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var cluster in _clusters.Values) await cluster.DisposeAsync();
    }
}
