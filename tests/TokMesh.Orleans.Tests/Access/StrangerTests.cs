using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using TokMesh.Client.Orleans;
using TokMesh.Client.Orleans.Access;
using TokMesh.Orleans.Tests.Grains;
using TokMesh.Orleans.Tests.Harness;

namespace TokMesh.Orleans.Tests.Access;

/// <summary>Who comes to the ports of running silos without belonging to the cluster.</summary>
public sealed class StrangerTests(ThreeSilos silos) : IClassFixture<ThreeSilos>
{
    private TestSilo Silo => silos.Cluster.Silos[0];

    [Fact]
    public async Task Whoever_speaks_Orleans_own_protocol_hears_nothing_at_either_port()
    {
        foreach (var port in (IPEndPoint[])[Silo.SiloPort, Silo.GatewayPort])
        {
            using var stranger = new TcpClient();
            await stranger.ConnectAsync(port);
            // The length of a preamble, and some of one.
            await stranger.GetStream().WriteAsync(new byte[] { 64, 0, 0, 0, 1, 2, 3, 4 });
            Assert.Equal(0, await ToldAsync(stranger.GetStream()));
        }
    }

    [Fact]
    public async Task An_application_without_the_secret_or_with_another_one_does_not_get_in()
    {
        foreach (var secret in (TokMeshSecret?[])[null, TokMeshSecret.Draw(), silos.Cluster.Secret])
            await RefusedAsync(Silo.GatewayPort, secret);
        using var known = Client(Silo.GatewayPort, silos.Cluster.Secret.ForClients(), new CollectedLog());
        await known.StartAsync();
        Assert.Equal(3, (await known.Services.GetRequiredService<IClusterClient>().GetGrain<IShardMapGrain>(0).Get()).Members.Count);
        await known.StopAsync();
    }

    [Fact]
    public async Task What_opens_the_gateway_opens_no_silo_port() => await RefusedAsync(Silo.SiloPort, silos.Cluster.Secret.ForClients());

    [Fact]
    public async Task A_silo_of_another_secret_becomes_no_member_and_says_why_it_does_not_start()
    {
        var folder = Directory.CreateTempSubdirectory("tokmesh-stranger-").FullName;
        var file = Path.Combine(folder, "secret");
        await File.WriteAllTextAsync(file, TokMeshSecret.Draw().ToFileText());
        try
        {
            using var stranger = new HostBuilder().UseOrleans(silo =>
            {
                silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = ("test", "test"));
                silo.Configure<EndpointOptions>(o => (o.AdvertisedIPAddress, o.SiloPort, o.GatewayPort) = (IPAddress.Loopback, SiloCluster.FreePort(), SiloCluster.FreePort()));
                silo.UseTokMeshClustering();
                silo.AddTokMesh(o =>
                {
                    o.DataDirectory = Path.Combine(folder, "data");
                    o.NodeId = "tmnd-stranger";
                    o.SecretFile = file;
                    o.Seeds = [$"{Silo.SiloPort}"];
                    o.DiscoveryTimeout = TimeSpan.FromSeconds(2);
                });
            }).ConfigureLogging(static l => l.ClearProviders()).Build();
            var refused = await Assert.ThrowsAsync<TimeoutException>(() => stranger.StartAsync());
            Assert.Contains("does not have the same secret", refused.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(folder, "data", "genesis.json")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        Assert.DoesNotContain((await silos.Grains.GetGrain<IShardMapGrain>(0).Get()).Members, m => m.NodeId == "tmnd-stranger");
    }

    [Fact]
    public async Task Connections_that_say_nothing_are_few_make_way_and_end()
    {
        var open = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 60; i++)
            {
                var silent = new TcpClient();
                open.Add(silent);
                await silent.ConnectAsync(Silo.SiloPort);
            }
            // Who belongs here is heard among them.
            using var node = new TcpClient();
            await node.ConnectAsync(Silo.SiloPort);
            await Challenge.DialAsync(PipeReader.Create(node.GetStream()), PipeWriter.Create(node.GetStream()), silos.Cluster.Secret, Purpose.Question, Guid.NewGuid(), [], CancellationToken.None);
            // Twelve are closed for those that came later, whose time is not over then.
            var ended = await Task.WhenAll(open.Select(EndedAsync));
            Assert.All(ended, e => Assert.Equal(0, e.Told));
            Assert.InRange(ended.Count(e => e.At < ended.Max(l => l.At) - 1000), 12, 20);
        }
        finally
        {
            foreach (var client in open) client.Dispose();
        }
    }

    private static async Task<(int Told, long At)> EndedAsync(TcpClient client) => (await ToldAsync(client.GetStream()), Environment.TickCount64);

    /// <summary>Orleans' clients try for ever: one is refused that says so, and has not started.</summary>
    private static async Task RefusedAsync(IPEndPoint gateway, TokMeshSecret? secret)
    {
        var log = new CollectedLog();
        using var client = Client(gateway, secret, log);
        using var stop = new CancellationTokenSource();
        var start = client.StartAsync(stop.Token);
        // Without the challenge it does not know why.
        if (secret is null) await Task.Delay(TimeSpan.FromSeconds(3));
        else await ThreeSilos.UntilAsync("the client says why", () => Task.FromResult(log.Lines.Any(l => l.Contains("does not have the same secret", StringComparison.Ordinal))));
        Assert.False(start.IsCompletedSuccessfully);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => start);
    }

    private static IHost Client(IPEndPoint gateway, TokMeshSecret? secret, CollectedLog log) => new HostBuilder().UseOrleansClient(c =>
    {
        c.UseStaticClustering(gateway);
        c.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = ("test", "test"));
        if (secret is not null) c.UseTokMeshSecret(secret);
    }).ConfigureLogging(l => l.ClearProviders().AddProvider(log)).Build();

    /// <summary>How many bytes come before the other end closes.</summary>
    private static async Task<int> ToldAsync(NetworkStream stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var told = 0;
        try
        {
            var buffer = new byte[256];
            while (await stream.ReadAsync(buffer, limit.Token) is > 0 and var n) told += n;
        }
        catch (IOException)
        {
            // Reset instead of closed.
        }
        return told;
    }
}
