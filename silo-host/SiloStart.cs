using TokMesh.Cluster;
using TokMesh.Orleans;

namespace TokMesh.Host;

/// <summary>
/// Starts Orleans' silo, and is done as soon as the node in it runs: the silo becomes active by itself once its membership, which may be in
/// meta, can be reached. Ends one that never got there, which Orleans does not.
/// </summary>
internal sealed class SiloStart(IHostedService silo, LocalNode local, NodeLog log, Failure failure, IServiceProvider services) : IHostedService, IDisposable
{
    private const string Theirs = "SiloHostedService";

    private readonly CancellationTokenSource _stop = new();
    private Task? _starting;

    /// <summary>Takes the place of Orleans' own service among those that are started.</summary>
    public static void Wrap(IServiceCollection services)
    {
        var theirs = services.Single(static s => s.ServiceType == typeof(IHostedService) && s.ImplementationType?.Name == Theirs);
        services[services.IndexOf(theirs)] = ServiceDescriptor.Singleton<IHostedService>(s =>
            ActivatorUtilities.CreateInstance<SiloStart>(s, (IHostedService)ActivatorUtilities.CreateInstance(s, theirs.ImplementationType!)));
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        using var link = cancellationToken.UnsafeRegister(static stop => ((CancellationTokenSource)stop!).Cancel(), _stop);
        _starting = Task.Run(() => silo.StartAsync(_stop.Token), CancellationToken.None);
        await Task.WhenAny(local.Ready, _starting);
        // Why the node does not start is the better answer.
        if (!local.Ready.IsCompleted) await _starting;
        var node = await local.Ready.WaitAsync(cancellationToken);
        log.NodeIdOf = number => node.NodeIdOf(number) ?? $"number {number.Value}";
        if (node.Recovery.TornTail is { } torn) log.TornTail(torn.File, torn.Offset, torn.Bytes);
        _ = _starting.ContinueWith(FailedLater, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        failure.Ending();
        if (_starting is null) return;
        // It may wait for a membership that cannot be reached.
        if (!_starting.IsCompleted) await _stop.CancelAsync();
        await _starting.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            // Orleans stops no silo that has not started.
            if (_starting.IsCompletedSuccessfully) await silo.StopAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The others will find out by themselves.
        }
        await services.EndTokMeshNodeAsync();
    }

    public void Dispose() => _stop.Dispose();

    private void FailedLater(Task start)
    {
        if (!_stop.IsCancellationRequested) failure.Stop(new InvalidOperationException($"The silo could not become active: {start.Exception!.GetBaseException().Message}", start.Exception));
    }
}
