using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Messaging;
using TokMesh.Client.Orleans;
using TokMesh.Client.Orleans.Access;
using TokMesh.Orleans.Tests.Grains;
using TokMesh.Orleans.Tests.Harness;

namespace TokMesh.Orleans.Tests.Access;

public sealed class GatewayListTests
{
    [Fact]
    public async Task A_client_that_was_given_one_gateway_learns_of_the_others_and_outlives_that_one()
    {
        await using var cluster = new SiloCluster(3, static (silo, place, _) =>
        {
            silo.AddTokMesh(place);
            silo.UseTokMeshClustering();
            silo.Configure<ClusterMembershipOptions>(static o => o.ProbeTimeout = o.MaxProbeTimeout = TimeSpan.FromSeconds(1));
        });
        await cluster.StartAsync();
        var first = cluster.Silos[0];
        using var client = cluster.NewClient(c =>
        {
            c.UseTokMeshGateways(first.GatewayPort);
            // A call that is under way to a silo that dies is given up only then.
            c.Configure<ClientMessagingOptions>(static o => o.ResponseTimeout = TimeSpan.FromSeconds(3));
        });
        await client.StartAsync();
        var list = client.Services.GetRequiredService<IGatewayListProvider>();
        var expected = cluster.Silos.Select(s => s.GatewayPort.Port).Order().ToArray();
        await ThreeSilos.UntilAsync("the client knows all gateways", async () => (await list.GetGateways()).Select(g => g.Port).Order().SequenceEqual(expected));
        // As the client itself looks.
        await Task.Delay(TimeSpan.FromSeconds(11));
        await cluster.KillSiloAsync(first);
        var map = client.Services.GetRequiredService<IClusterClient>().GetGrain<IShardMapGrain>(0);
        var met = "";
        // What the other silos believe of the dead one decides when: on a machine with other work they take long to agree.
        await ThreeSilos.UntilAsync("the client goes on with another gateway", async () =>
        {
            try
            {
                var members = (await map.Get(linearizable: false)).Members.Count;
                met = $"{members} members";
                return members == 3;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                met = $"{e.GetType().Name}: {e.Message}";
                return false;
            }
        }, seconds: 120, () => $"{met} The killed silo was {first.SiloPort}, its gateway {first.GatewayPort}. {string.Join(' ', cluster.Silos.Select(WhatItBelieves))}");
        await client.StopAsync();
    }

    private static string WhatItBelieves(TestSilo silo)
    {
        var statuses = silo.ServiceProvider.GetRequiredService<ISiloStatusOracle>().GetApproximateSiloStatuses();
        return $"{silo.SiloPort} believes: {string.Join(", ", statuses.Select(s => $"{s.Key} {s.Value}"))}.";
    }
}
