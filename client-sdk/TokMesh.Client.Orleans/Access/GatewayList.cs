using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Messaging;

namespace TokMesh.Client.Orleans.Access;

/// <summary>
/// Where a client finds gateways: at the addresses it was given, and at those that the cluster, once it has answered, says there are. A gateway that
/// comes later to the cluster is found so, and a client outlives the silos it began with.
/// </summary>
/// <param name="services">The client's; it is asked for only when it has been connected.</param>
/// <param name="given">Addresses that are always tried.</param>
internal sealed class GatewayList(IServiceProvider services, IReadOnlyList<IPEndPoint> given) : IGatewayListProvider
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private IReadOnlyList<IPEndPoint> _told = [];
    private bool _isConnecting = true;

    /// <summary>How old the list may be.</summary>
    public static TimeSpan RefreshPeriod { get; } = TimeSpan.FromSeconds(10);

    public TimeSpan MaxStaleness => RefreshPeriod;

    public bool IsUpdatable => true;

    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    public async Task<IList<Uri>> GetGateways()
    {
        // The first time this is what the client connects by.
        if (!_isConnecting) await AskAsync();
        _isConnecting = false;
        return [.. given.Concat(_told).Distinct().Select(static g => g.ToGatewayUri())];
    }

    private async Task AskAsync()
    {
        try
        {
            var gateways = await services.GetRequiredService<IGrainFactory>().GetGrain<IShardMapGrain>(0).Gateways().WaitAsync(Patience);
            // An answer without any is one of a cluster whose membership is elsewhere.
            if (gateways.Length > 0) _told = [.. gateways.Select(IPEndPoint.Parse)];
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Nobody answers, or not yet: what is known is all there is.
        }
    }
}
