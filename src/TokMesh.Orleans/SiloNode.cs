using TokMesh.Cluster;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Metering;
using TokMesh.Cluster.Nodes;
using TokMesh.Orleans.Links;
using TokMesh.Orleans.Nodes;

namespace TokMesh.Orleans;

/// <summary>
/// The node in its silo. It starts as soon as the silo listens, before that looks for its membership, which may itself be kept in meta; so
/// shards have leaders whether or not the silo is active yet. What it leads is handed over as the first thing when the silo stops, and it
/// ends when nothing else of the silo is left that could need it. A silo whose node cannot start does not start.
/// </summary>
internal sealed class SiloNode(TokMeshSiloOptions options, NodeDirectory directory, NodeLinks links, LocalNode local, IClock clock, INodeWatch watch, NodeMetrics metrics)
    : ILifecycleParticipant<ISiloLifecycle>, IAsyncDisposable, IDisposable
{
    private const int AdminKeyPauseMs = 10_000;

    private readonly CancellationTokenSource _stop = new();
    private NodeRuntime? _runtime;
    private Task _adminKey = Task.CompletedTask;
    private volatile bool _isStopping;

    /// <summary>Whether the silo is about to end.</summary>
    public bool IsStopping => _isStopping;

    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(nameof(SiloNode), ServiceLifecycleStage.RuntimeInitialize, StartAsync, StopAsync);
        lifecycle.Subscribe(nameof(SiloNode), ServiceLifecycleStage.Active, static _ => Task.CompletedTask, HandOverAsync);
    }

    /// <summary>Ends the node of a silo that was never quite started: Orleans does not stop such a one.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested) await StopAsync(CancellationToken.None);
        _stop.Dispose();
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task StartAsync(CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
        try
        {
            var key = options.Encryption ? directory.LogKey(options.EncryptionKey) : null;
            _runtime = await NodeRuntime.StartAsync(directory, key, options.Node, links, clock, metrics.Counting(watch), options.Failed, either.Token);
            local.Set(_runtime.Node);
            // One node of a cluster makes it, so that there are not several.
            if (_runtime.Node.Self.Value == 1) _adminKey = Task.Run(() => MakeAdminKeyAsync(_runtime.Node), CancellationToken.None);
        }
        catch (Exception e)
        {
            if (!either.IsCancellationRequested) links.Log.NotStarted(e.Message);
            local.Fail(e);
            throw;
        }
    }

    private async Task MakeAdminKeyAsync(Node node)
    {
        while (true)
        {
            try
            {
                await AdminKey.EnsureAsync(node, directory.Disk, node.Time, _stop.Token);
                return;
            }
            catch (IOException e)
            {
                links.Log.NoAdminKey(e.Message);
                await Task.Delay(AdminKeyPauseMs, _stop.Token);
            }
        }
    }

    private async Task HandOverAsync(CancellationToken cancel)
    {
        _isStopping = true;
        if (_runtime is not null) await _runtime.HandOverAsync();
    }

    private async Task StopAsync(CancellationToken cancel)
    {
        _isStopping = true;
        await _stop.CancelAsync();
        local.Set(null);
        await _adminKey.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (_runtime is not null) await _runtime.DisposeAsync();
        links.Dispose();
    }
}
