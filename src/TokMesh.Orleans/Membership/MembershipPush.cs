using TokMesh.Orleans.Nodes;

namespace TokMesh.Orleans.Membership;

/// <summary>
/// Tells Orleans at once when this node's replica of meta applies a change of the membership table. By itself Orleans would look now and
/// then only: after a majority has come back, silos would see each other half a minute late.
/// </summary>
internal sealed class MembershipPush(NodeAccess access, IClusterMembershipService membership) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _changed = new(0);
    private Task _pushing = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(MembershipPush), ServiceLifecycleStage.RuntimeGrainServices, StartAsync, StopAsync);

    // Orleans stops no silo that has not quite started: then this is all that ends it.
    public void Dispose()
    {
        if (access.IsReady) access.Node.SilosChanged -= Notify;
        _stop.Cancel();
    }

    private Task StartAsync(CancellationToken cancel)
    {
        access.Node.SilosChanged += Notify;
        _pushing = Task.Run(PushAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancel)
    {
        Dispose();
        await _pushing.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private void Notify() => _changed.Release();

    private async Task PushAsync()
    {
        while (true)
        {
            await _changed.WaitAsync(_stop.Token);
            // Those that came meanwhile are in what is read now.
            while (await _changed.WaitAsync(0))
            {
            }
            try
            {
                if (access.IsReady && access.Node.Meta is { } meta) await membership.Refresh(new MembershipVersion(meta.Silos.Version), _stop.Token);
            }
            catch (Exception) when (!_stop.IsCancellationRequested)
            {
                // Meta has lost its leader since, or the like; Orleans looks again by itself.
            }
        }
    }
}
