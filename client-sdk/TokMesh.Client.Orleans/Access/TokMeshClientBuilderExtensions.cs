using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Messaging;

namespace TokMesh.Client.Orleans.Access;

/// <summary>How an Orleans client opens the gateway of a cluster.</summary>
public static partial class TokMeshClientBuilderExtensions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Proves to every gateway that this application has the secret that nodes keep for applications (<c>client.secret</c> in a node's data
    /// directory), and has the gateway prove the same. Comes after <c>UseTls</c>, where that is used.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="secret">From <see cref="TokMeshSecret.Read"/>; null for a cluster with TLS that has none.</param>
    public static IClientBuilder UseTokMeshSecret(this IClientBuilder client, TokMeshSecret? secret)
    {
        client.Services.Configure<ClientConnectionOptions>(o => o.ConfigureConnection(connections =>
        {
            var log = connections.ApplicationServices.GetService<ILoggerFactory>()?.CreateLogger(typeof(TokMeshClientBuilderExtensions));
            connections.Use(next => async connection =>
            {
                await ProveAsync(connection, secret, log);
                await next(connection);
            });
        }));
        return client;
    }

    /// <summary>
    /// Has the client find its gateways at these addresses and, from then on, wherever the cluster says that its active silos are: looked up
    /// anew every ten seconds. At the start the client tries for a minute. For clusters that keep their membership in meta; with another
    /// clustering use that one's own client part.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="gateways">Some of the cluster's gateways; one that answers is enough.</param>
    public static IClientBuilder UseTokMeshGateways(this IClientBuilder client, params IPEndPoint[] gateways)
    {
        client.Services.AddSingleton<IGatewayListProvider>(services => new GatewayList(services, gateways));
        client.Services.Configure<GatewayOptions>(static o => o.GatewayListRefreshPeriod = GatewayList.RefreshPeriod);
        client.UseConnectionRetryFilter(new StartPatience());
        return client;
    }

    // Orleans tries again without a word.
    private static async Task ProveAsync(ConnectionContext connection, TokMeshSecret? secret, ILogger? log)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
            limit.CancelAfter(Patience);
            await Challenge.DialAsync(connection.Transport.Input, connection.Transport.Output, secret, Purpose.Client, Guid.Empty, [], limit.Token);
        }
        catch (Exception e) when (e is ChallengeFailedException or OperationCanceledException)
        {
            if (log is not null) NotLetIn(log, connection.RemoteEndPoint, e is ChallengeFailedException ? e.Message.TrimEnd('.') : "no answer to the challenge in time");
            throw;
        }
    }

    [LoggerMessage(7201, LogLevel.Error, "No connection to the gateway at {Gateway}: {Problem}")]
    private static partial void NotLetIn(ILogger log, EndPoint? gateway, string problem);

    private sealed class StartPatience : IClientConnectionRetryFilter
    {
        private const int Tries = 60;
        private int _tried;

        public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
        {
            if (++_tried >= Tries) return false;
            await Task.Delay(1000, cancellationToken);
            return true;
        }
    }
}
