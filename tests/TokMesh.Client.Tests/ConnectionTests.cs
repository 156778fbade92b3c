using System.Net;
using System.Net.Sockets;
using System.Text;
using TokMesh.Client.Tests.Harness;
using TokMesh.TestKit.Http;

namespace TokMesh.Client.Tests;

/// <summary>The same with real connections: what the connection pool reports, and what it does by itself.</summary>
[Collection(GatewayCollection.Name)]
public sealed class ConnectionTests(SharedGateway shared)
{
    [Fact]
    public async Task A_node_that_is_down_costs_nothing_but_the_way_to_the_next()
    {
        using var client = ClientOf(ClosedPort(), shared.Gateway.Address);
        for (var n = 0; n < 4; n++)
        {
            var created = await client.Sessions.CreateAsync(new NewSession { UserId = "failover" });
            Assert.True((await client.Sessions.ValidateAsync(created.Token)).IsValid);
        }
        Assert.Equal(4, (await client.Sessions.ListAsync(new SessionQuery { UserId = "failover" })).Total);
    }

    [Fact]
    public async Task A_cluster_that_is_down_has_executed_nothing()
    {
        using var client = ClientOf(ClosedPort(), ClosedPort());
        var e = await Assert.ThrowsAsync<TokMeshException>(() => client.Keys.SetAsync("k", new byte[1], options: new CallOptions { Deadline = TimeSpan.FromMilliseconds(300) }));
        Assert.Equal((TokMeshErrorCode.NoNode, TokMeshOutcome.NotExecuted), (e.Code, e.Outcome));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_write_whose_connection_breaks_is_sent_once(bool onUsedConnection)
    {
        using var server = new BreakingServer(answered: onUsedConnection ? 1 : 0);
        using var client = ClientOf(server.Address);
        if (onUsedConnection) await client.Keys.DeleteAsync("k");
        var e = await Assert.ThrowsAsync<TokMeshException>(() => client.Keys.DeleteAsync("k"));
        Assert.Equal(TokMeshOutcome.Unknown, e.Outcome);
        Assert.Equal(onUsedConnection ? 2 : 1, server.Requests);
    }

    private HttpTokMeshClient ClientOf(Uri first, Uri second) => Clients.Of(shared.Gateway.Issuer, first, second);

    private static HttpTokMeshClient ClientOf(Uri only) => Clients.Of("id:secret", only);

    private static Uri ClosedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return new Uri($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}");
    }

    /// <summary>Answers so many requests, and closes the connection after it has read each later one.</summary>
    private sealed class BreakingServer : IDisposable
    {
        private static readonly byte[] Answer = Encoding.ASCII.GetBytes(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 39\r\n\r\n" + """{"code":"OK","data":{"deleted":false}} """);

        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private int _requests;

        public BreakingServer(int answered)
        {
            _listener.Start();
            Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
            _ = RunAsync(answered);
        }

        public Uri Address { get; }

        public int Requests => Volatile.Read(ref _requests);

        public void Dispose() => _listener.Dispose();

        private async Task RunAsync(int answered)
        {
            var buffer = new byte[4096];
            try
            {
                while (true)
                {
                    using var socket = await _listener.AcceptSocketAsync();
                    var text = "";
                    while (true)
                    {
                        var read = await socket.ReceiveAsync(buffer);
                        if (read == 0) break;
                        text += Encoding.ASCII.GetString(buffer, 0, read);
                        if (!text.EndsWith("{}", StringComparison.Ordinal)) continue;
                        text = "";
                        if (Interlocked.Increment(ref _requests) > answered) break;
                        await socket.SendAsync(Answer);
                    }
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Disposed.
            }
        }
    }
}
