using System.Net;
using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;
using TokMesh.Cluster.Limits;
using TokMesh.Host.Configuration;

namespace TokMesh.Host;

/// <summary>
/// Gives connections to a silo's ports their places, so that a client that opens many takes no descriptors from the node: clients as many as are
/// configured, the other port a number that no cluster needs.
/// </summary>
internal sealed class SiloPlaces(ListenerLimits clients, NodeLog log)
{
    /// <summary>A silo is dialled by each other one twice, for Orleans and by its link; a cluster has a hundred nodes at most.</summary>
    private const int MostSilos = 208;

    // They may all be on one machine.
    private const int MostSilosPerAddress = MostSilos - 16;

    /// <summary>Of the port for clients.</summary>
    public ConnectionLimit Gateway { get; } = new("orleans", clients.Most!.Value, clients.MostPerAddress!.Value);

    /// <summary>Of the port for other silos.</summary>
    public ConnectionLimit Silo { get; } = new("silo", MostSilos, MostSilosPerAddress);

    public static void Use(ISiloBuilder silo, ListenerLimits clients)
    {
        silo.Services.AddSingleton(s => new SiloPlaces(clients, s.GetRequiredService<NodeLog>()));
        silo.Services.AddSingleton(static s => s.GetRequiredService<SiloPlaces>().Gateway);
        silo.Services.AddSingleton(static s => s.GetRequiredService<SiloPlaces>().Silo);
        silo.Services.AddOptions<SiloConnectionOptions>().Configure<SiloPlaces>(static (o, places) => places.Use(o));
    }

    private void Use(SiloConnectionOptions options)
    {
        options.ConfigureGatewayInboundConnection(b => b.Use(next => connection => RunAsync(Gateway, "Raise cluster.orleans.max_connections, or look who opens them", next, connection)));
        options.ConfigureSiloInboundConnection(b => b.Use(next => connection => RunAsync(Silo, "Look who opens them", next, connection)));
    }

    private async Task RunAsync(ConnectionLimit limit, string advice, ConnectionDelegate next, ConnectionContext connection)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (limit.Enter(address) == Place.Refused)
        {
            if (limit.RefusedToSay(Environment.TickCount64) is > 0 and var refused) log.ConnectionsRefused(limit.Name, refused, limit.Most, limit.MostPerAddress, advice);
            connection.Abort();
            return;
        }
        try
        {
            await next(connection);
        }
        finally
        {
            limit.Leave(address);
        }
    }
}
