using Orleans.Runtime;
using TokMesh.Cluster;

namespace TokMesh.Orleans;

/// <summary>
/// Starts the node once its silo has joined the Orleans cluster, and ends it before the silo leaves, so that what it leads is
/// handed over while everybody can still be reached. The silo does not wait for the node: a new cluster begins only when enough
/// silos have joined, which may be started one after another.
/// </summary>
internal sealed class SiloNode(TokMeshSiloOptions options, NodeDirectory directory, OrleansEngine engine, NodeAccess access, IClock clock, INodeWatch watch)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task<NodeRuntime?> _starting = Task.FromResult<NodeRuntime?>(null);

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(SiloNode), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public void Dispose() => _stop.Dispose();

    private Task StartAsync(CancellationToken cancel)
    {
        _starting = Task.Run(JoinAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task<NodeRuntime?> JoinAsync()
    {
        try
        {
            var key = options.Encryption ? directory.LogKey(options.EncryptionKey) : null;
            var runtime = await NodeRuntime.StartAsync(directory, key, options.Node, engine, clock, watch, options.Failed, _stop.Token);
            access.Set(runtime.Node);
            return runtime;
        }
        catch (Exception e)
        {
            // The silo lives on without a node; whoever waits for the node hears why.
            if (!_stop.IsCancellationRequested) engine.Log.NotStarted(e.Message);
            access.Fail(e);
            return null;
        }
    }

    private async Task StopAsync(CancellationToken cancel)
    {
        _stop.Cancel();
        var runtime = await _starting;
        access.Set(null);
        if (runtime is not null) await runtime.DisposeAsync();
        engine.Dispose();
    }
}
