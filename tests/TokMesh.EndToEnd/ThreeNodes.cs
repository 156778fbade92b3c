namespace TokMesh.EndToEnd;

/// <summary>One cluster for all tests of a class that leave it as they found it.</summary>
public sealed class ThreeNodes : IAsyncLifetime
{
    internal LocalCluster Cluster { get; private set; } = null!;

    public async Task InitializeAsync() => Cluster = await LocalCluster.StartAsync(3);

    public async Task DisposeAsync() => await Cluster.DisposeAsync();
}
