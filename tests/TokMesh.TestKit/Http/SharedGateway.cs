namespace TokMesh.TestKit.Http;

/// <summary>One node for all tests that do not need settings of their own.</summary>
public sealed class SharedGateway : IAsyncLifetime
{
    public TestGateway Gateway { get; private set; } = null!;

    public async Task InitializeAsync() => Gateway = await TestGateway.StartAsync();

    public async Task DisposeAsync() => await Gateway.DisposeAsync();
}
