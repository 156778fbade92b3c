using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Limits;
using TokMesh.Gateway.Requests;

namespace TokMesh.Host;

/// <summary>Gives HTTP connections their places: within the limit, in a place kept for questions of life, or none.</summary>
internal sealed class HttpPlaces(ConnectionLimit limit, IClock clock, NodeLog log)
{
    /// <summary>Places for <c>/health</c> and <c>/ready</c> when all others are taken.</summary>
    public const int Reserved = 16;

    /// <summary>How long a reserved place may be kept.</summary>
    private static readonly TimeSpan ReservedFor = TimeSpan.FromSeconds(5);
    private const string Body = $$$"""{"code":"{{{Codes.Unavailable}}}","message":"This node has as many HTTP connections as it may; nothing happened. Close some, try another node, or raise server.http.max_connections.","request_id":"","timestamp":0,"details":{"outcome":"not_executed"}}""";

    private static readonly byte[] NoPlace = Encoding.ASCII.GetBytes(
        $"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; charset=utf-8\r\nX-Error-Code: {Codes.Unavailable}\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");

    public void Use(ListenOptions listen) => listen.Use(next => connection => RunAsync(next, connection));

    private async Task RunAsync(ConnectionDelegate next, ConnectionContext connection)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        var entry = limit.Enter(address);
        if (entry != Place.Admitted && limit.RefusedToSay(clock.MonotonicMs) is > 0 and var refused)
            log.ConnectionsRefused(limit.Name, refused, limit.Most, limit.MostPerAddress, "Raise server.http.max_connections, or look who opens them");
        if (entry == Place.Refused)
        {
            await connection.Transport.Output.WriteAsync(NoPlace);
            return;
        }
        try
        {
            if (entry == Place.Admitted)
            {
                await next(connection);
                return;
            }
            connection.Features.Set(new LifeOnly(limit));
            using var end = new Timer(static c => ((ConnectionContext)c!).Abort(), connection, ReservedFor, Timeout.InfiniteTimeSpan);
            await next(connection);
        }
        finally
        {
            limit.Leave(address);
        }
    }
}
