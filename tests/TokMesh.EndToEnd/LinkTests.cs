using System.Net;
using System.Net.Sockets;

namespace TokMesh.EndToEnd;

/// <summary>That cuts cut and holds hold: without this, the tests that survive them would prove nothing.</summary>
[Trait(Row.Trait, Row.Beside)]
public sealed class LinkTests
{
    [Fact]
    public async Task A_held_direction_arrives_late_while_the_other_passes_and_a_cut_ends_both()
    {
        var links = new Links();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var proxy = new LinkProxy("b", ((IPEndPoint)listener.LocalEndpoint).Port, links,
            (local, remote) => SocketOwner.Find(local, remote, [Environment.ProcessId]) is null ? null : "a");
        using var dialler = new TcpClient();
        await dialler.ConnectAsync(IPEndPoint.Parse(proxy.Address));
        using var node = await listener.AcceptTcpClientAsync();
        var (a, b) = (dialler.GetStream(), node.GetStream());

        links.Hold(from: "a", to: "b");
        await a.WriteAsync(new byte[] { 1 });
        await b.WriteAsync(new byte[] { 2 });
        Assert.Equal(2, a.ReadByte());
        var late = b.ReadAsync(new byte[1]).AsTask();
        await Task.Delay(300);
        Assert.False(late.IsCompleted);
        links.Heal();
        Assert.Equal(1, await late.WaitAsync(TimeSpan.FromSeconds(10)));

        links.Hold(from: "b", to: "a");
        await b.WriteAsync(new byte[] { 3 });
        await a.WriteAsync(new byte[] { 4 });
        Assert.Equal(4, b.ReadByte());
        links.Heal();
        Assert.Equal(3, a.ReadByte());

        links.Cut("a", "b");
        Assert.True(await IsEndedAsync(a));
        Assert.True(await IsEndedAsync(b));
        using var again = new TcpClient();
        await again.ConnectAsync(IPEndPoint.Parse(proxy.Address));
        Assert.True(await IsEndedAsync(again.GetStream()));
    }

    [Fact]
    public async Task A_node_that_is_cut_off_or_hears_nobody_acknowledges_nothing_until_that_ends()
    {
        await using var cluster = await LocalCluster.StartAsync(3);
        var (alone, others) = (cluster.Nodes[1], cluster.Nodes.Where((_, n) => n != 1).ToArray());
        await SetUntilAcknowledgedAsync(cluster, alone, "before");
        foreach (var isolate in (Action<LocalNode>[])[other => cluster.Links.Cut(alone.Id, other.Id), other => cluster.Links.Hold(from: other.Id, to: alone.Id)])
        {
            foreach (var other in others) isolate(other);
            // What was proposed before may still be answered from what has arrived.
            await Task.Delay(1000);
            for (var i = 0; i < 5; i++) Assert.False(await IsAcknowledgedAsync(cluster, alone, $"alone:{i}"), "A minority acknowledged a write.");
            await SetUntilAcknowledgedAsync(cluster, others[0], "majority");
            cluster.Links.Heal();
            await SetUntilAcknowledgedAsync(cluster, alone, "after");
        }
        await cluster.WaitUntilReadyAsync();
        await cluster.WaitUntilDigestsAgreeAsync();
    }

    private static Task SetUntilAcknowledgedAsync(LocalCluster cluster, LocalNode node, string key) =>
        cluster.WaitUntilAsync($"{node.Id} acknowledges {key}", () => IsAcknowledgedAsync(cluster, node, key));

    private static async Task<bool> IsAcknowledgedAsync(LocalCluster cluster, LocalNode node, string key)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            using var redis = await RespConnection.ConnectAsync(node.Redis, cluster.AdminKey, limit.Token);
            return await redis.CallAsync(limit.Token, "SET", key, "v") == "OK";
        }
        catch (Exception e) when (e is RespException or IOException or SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<bool> IsEndedAsync(Stream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(10)) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
