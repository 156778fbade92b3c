using Orleans.Runtime;
using TokMesh.Cluster;
using TokMesh.Orleans.Links;

namespace TokMesh.Orleans;

/// <summary>
/// Starts the node once its silo has joined the Orleans cluster, and ends it before the silo leaves, so that what it leads is
/// handed over while everybody can still be reached.
/// </summary>
internal sealed class SiloNode(TokMeshSiloOptions options, NodeDirectory directory, OrleansEngine engine, NodeAccess access, IClock clock, INodeWatch watch)
    : ILifecycleParticipant<ISiloLifecycle>
{
    private NodeRuntime? _runtime;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(SiloNode), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    private async Task StartAsync(CancellationToken cancel)
    {
        var key = options.Encryption ? directory.LogKey(options.EncryptionKey) : null;
        _runtime = await NodeRuntime.StartAsync(directory, key, options.Node, engine, clock, watch, options.Failed, cancel);
        access.Set(_runtime.Node);
    }

    private async Task StopAsync(CancellationToken cancel)
    {
        access.Set(null);
        if (_runtime is not null) await _runtime.DisposeAsync();
        engine.Dispose();
    }
}
