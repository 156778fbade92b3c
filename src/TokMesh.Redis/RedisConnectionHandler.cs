using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;
using TokMesh.Cluster.Limits;
using TokMesh.Redis.Connections;
using TokMesh.Redis.FrontEnd;

namespace TokMesh.Redis;

/// <summary>
/// Serves Redis clients on a Kestrel endpoint: <c>listen.UseConnectionHandler&lt;RedisConnectionHandler&gt;()</c>, after
/// <c>UseHttps</c> for TLS. One object serves all connections.
/// </summary>
/// <param name="frontEnd">What the connections share.</param>
/// <param name="logger">Hears of connections that failed.</param>
public sealed partial class RedisConnectionHandler(RedisFrontEnd frontEnd, ILogger<RedisConnectionHandler> logger) : ConnectionHandler
{
    private const int LookAgainMs = 20;
    private const int MostHeldMs = 30_000;

    // As redis-server says it.
    private static readonly byte[] TooManyClients = "-ERR max number of clients reached\r\n"u8.ToArray();

    /// <inheritdoc/>
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (frontEnd.Connections.Enter(address) == Place.Refused)
        {
            if (frontEnd.Connections.RefusedToSay(frontEnd.Node.NowMs) is > 0 and var refused) ConnectionsRefused(refused, frontEnd.Connections.Most, frontEnd.Connections.MostPerAddress);
            await connection.Transport.Output.WriteAsync(TooManyClients);
            return;
        }
        try
        {
            if (await IsReadyAsync(connection.ConnectionClosed)) await ServeAsync(connection);
        }
        finally
        {
            frontEnd.Connections.Leave(address);
        }
    }

    // A node that does not get there in time closes it, as a server that is not there does.
    private async ValueTask<bool> IsReadyAsync(CancellationToken closed)
    {
        for (var waited = 0; !frontEnd.IsReady(); waited += LookAgainMs)
        {
            if (waited >= MostHeldMs || closed.IsCancellationRequested) return false;
            await Task.Delay(LookAgainMs, CancellationToken.None);
        }
        return true;
    }

    private async Task ServeAsync(ConnectionContext connection)
    {
        var client = new ClientState(frontEnd, connection.RemoteEndPoint, connection.LocalEndPoint);
        frontEnd.Enter(client);
        // A server that stops ends each connection between two commands.
        using var closing = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested
            .UnsafeRegister(static input => ((PipeReader)input!).CancelPendingRead(), connection.Transport.Input);
        using var conversation = new RedisConnection(frontEnd, client, connection.Transport);
        try
        {
            await conversation.RunAsync();
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException or OperationCanceledException or IOException)
        {
            // The client is gone.
        }
        catch (Exception e)
        {
            ConversationFailed(e, client.Id);
            connection.Abort(new ConnectionAbortedException("The server failed.", e));
        }
        finally
        {
            frontEnd.Leave(client);
        }
    }

    [LoggerMessage(EventId = 6002, Level = LogLevel.Warning, Message = "The redis listener refused {Count} connections: it has as many as it may ({Most}, of one address {MostPerAddress}). Raise server.redis.max_connections, or look who opens them")]
    private partial void ConnectionsRefused(long count, int most, int mostPerAddress);

    [LoggerMessage(EventId = 6001, Level = LogLevel.Error, Message = "Redis connection {ClientId} failed and was closed.")]
    private partial void ConversationFailed(Exception e, long clientId);
}
