using System.Net;
using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;
using Orleans.Connections.Security;
using TokMesh.Client.Orleans.Access;
using TokMesh.Cluster.Transport;
using TokMesh.Orleans.Links;

namespace TokMesh.Orleans.Access;

/// <summary>
/// Stands before a silo's two ports: nobody gets to Orleans or to the links behind it who has not shown that it belongs to the cluster,
/// by the cluster's secret (<see cref="Challenge"/>), its certificate, or both; and this silo shows the same wherever it dials. Links stay
/// here, everything else goes on to Orleans.
/// </summary>
internal sealed class ConnectionGuard(LinkOptions options, NodeLinks links)
{
    private const int PatienceMs = 5_000;

    /// <summary>Connections that have not shown who they are; they are heard out for five seconds each.</summary>
    private const int MostStrangers = 64;
    private const int MostStrangersOfOneAddress = 48;

    private readonly Strangers _atSiloPort = new(MostStrangers, MostStrangersOfOneAddress);
    private readonly Strangers _atGateway = new(MostStrangers, MostStrangersOfOneAddress);
    private readonly LinkListener _listener = new(links);
    private readonly LogThrottle _said = new();

    /// <summary>Puts this before everything that comes later in the silo's connections; TLS must be there already.</summary>
    public void Guard(SiloConnectionOptions silo)
    {
        silo.ConfigureSiloInboundConnection(b => b.Use(next => connection => AcceptAtSiloPortAsync(connection, next)));
        silo.ConfigureSiloOutboundConnection(b => b.Use(next => connection => DialSiloAsync(connection, next)));
        silo.ConfigureGatewayInboundConnection(b => b.Use(next => connection => AcceptAtGatewayAsync(connection, next)));
    }

    /// <summary>Another node's connection: a link, which is served here, or Orleans' own.</summary>
    public async Task AcceptAtSiloPortAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        Enter(_atSiloPort, connection, "silo");
        try
        {
            if (await ChallengeAsync(connection, OfNodes) is not { } opened) return;
            var certifiedAs = options.Certificates is null ? null : NameOf(connection) ?? "nobody";
            if (opened.Purpose != Purpose.Silo)
            {
                await _listener.RunAsync(connection, opened, certifiedAs, Introduced);
                return;
            }
            if (certifiedAs is not null && !links.IsMember(certifiedAs))
            {
                links.Log.Unwelcome(RemoteOf(connection), "silo", $"its certificate is of {certifiedAs}, which is no member of this cluster, or not yet known as one");
                return;
            }
            Introduced();
            await next(connection);
        }
        finally
        {
            Introduced();
        }

        void Introduced() => _atSiloPort.Leave(connection);

        Challenge.Expected? OfNodes(Purpose purpose) => purpose switch
        {
            Purpose.Link => new(options.Secret, Challenge.NodeOf(options.DirectoryId)),
            Purpose.Question => new(options.Secret, []),
            Purpose.Silo => new(options.Secret, Challenge.SiloAt(options.SiloEndPoint)),
            _ => null,
        };
    }

    private async Task AcceptAtGatewayAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        Enter(_atGateway, connection, "gateway");
        Opened? opened;
        try
        {
            opened = await ChallengeAsync(connection, OfClients);
        }
        finally
        {
            _atGateway.Leave(connection);
        }
        if (opened is not null) await next(connection);

        Challenge.Expected? OfClients(Purpose purpose) => purpose == Purpose.Client ? new(options.ClientSecret, []) : null;
    }

    private async Task DialSiloAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
            limit.CancelAfter(PatienceMs);
            await Challenge.DialAsync(connection.Transport.Input, connection.Transport.Output, options.Secret, Purpose.Silo, options.DirectoryId, connection.RemoteEndPoint is IPEndPoint silo ? Challenge.SiloAt(silo) : [], limit.Token);
        }
        catch (Exception e) when (e is ChallengeFailedException or OperationCanceledException)
        {
            links.Log.SiloTrouble(RemoteOf(connection), e is ChallengeFailedException ? e.Message : $"no answer within {PatienceMs} ms.");
            throw;
        }
        if (options.Certificates is not null && NameOf(connection) is var name && !(name is not null && links.IsMember(name)))
        {
            var problem = $"it shows a certificate of {name ?? "nobody"}, which is no member of this cluster.";
            links.Log.SiloTrouble(RemoteOf(connection), problem);
            throw new ChallengeFailedException(problem);
        }
        await next(connection);
    }

    private void Enter(Strangers strangers, ConnectionContext connection, string port)
    {
        if (strangers.Enter(connection) && _said.IsDue(port, links.Clock.MonotonicMs)) links.Log.TooManyStrangers(port, MostStrangers, MostStrangersOfOneAddress);
    }

    /// <summary>Null when the other end has not proved itself; that has been said then.</summary>
    private async Task<Opened?> ChallengeAsync(ConnectionContext connection, Func<Purpose, Challenge.Expected?> expect)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
            limit.CancelAfter(PatienceMs);
            return await Challenge.AcceptAsync(connection.Transport.Input, connection.Transport.Output, expect, options.DirectoryId, limit.Token);
        }
        catch (Exception e) when (e is ChallengeFailedException or OperationCanceledException or ConnectionAbortedException or ConnectionResetException)
        {
            var problem = e is ChallengeFailedException ? e.Message : connection.ConnectionClosed.IsCancellationRequested ? "it ended during the challenge" : $"it did not answer the challenge within {PatienceMs} ms";
            if (_said.IsDue($"{(connection.RemoteEndPoint as IPEndPoint)?.Address} {problem}", links.Clock.MonotonicMs)) links.Log.Stranger(RemoteOf(connection), problem);
            return null;
        }
    }

    private static string RemoteOf(ConnectionContext connection) => connection.RemoteEndPoint?.ToString() ?? "unknown";

    private static string? NameOf(ConnectionContext connection) => NodeCertificates.NodeIdOf(connection.Features.Get<ITlsConnectionFeature>()?.RemoteCertificate);
}
