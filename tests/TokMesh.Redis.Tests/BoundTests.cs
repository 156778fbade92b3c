using TokMesh.Cluster.Limits;
using TokMesh.Cluster.Meta;
using TokMesh.Redis.FrontEnd;
using TokMesh.Redis.Replies;

namespace TokMesh.Redis.Tests;

/// <summary>What clients can make a node hold: connections, half commands, replies that nobody reads.</summary>
public sealed class BoundTests
{
    private const int Large = 1_000_000;

    [Fact]
    public async Task A_client_above_the_limit_is_told_so_and_comes_in_when_another_has_left()
    {
        await using var host = await BoundHost.StartAsync(connections: new ConnectionLimit("redis", 3, 3));
        var inside = new List<RespClient>();
        for (var n = 0; n < 3; n++) inside.Add(await host.ConnectAsync(ApiRole.Issuer));
        for (var n = 0; n < 5; n++)
        {
            using var refused = await host.ConnectAsync();
            Assert.Equal("-ERR max number of clients reached\r\n", refused.ReadToEnd());
        }
        Assert.Equal((3, 5), (host.FrontEnd.Connections.Open, host.FrontEnd.Connections.Refused));
        Assert.Equal("+PONG\r\n", inside[0].Call("PING"));
        inside[1].Dispose();
        await UntilAsync(() => host.FrontEnd.Connections.Open == 2);
        using var late = await host.ConnectAsync(ApiRole.Issuer);
        Assert.Equal("+PONG\r\n", late.Call("PING"));
        foreach (var client in inside) client.Dispose();
    }

    [Fact]
    public void A_limit_counts_each_address_and_says_its_refusals_now_and_then()
    {
        var limit = new ConnectionLimit("x", most: 3, mostPerAddress: 2, reserved: 1);
        var (a, b) = (System.Net.IPAddress.Parse("10.0.0.1"), System.Net.IPAddress.Parse("10.0.0.2"));
        Assert.Equal([Place.Admitted, Place.Admitted, Place.Reserved, Place.Refused], Enumerable.Range(0, 4).Select(_ => limit.Enter(a)));
        // Three are in: of the other address one more gets the last place there is.
        Assert.Equal([Place.Reserved, Place.Refused], new[] { limit.Enter(b), limit.Enter(b) });
        Assert.Equal((4, 2), (limit.Open, limit.Refused));
        Assert.Equal([2, 0, 0], new[] { limit.RefusedToSay(0), limit.RefusedToSay(1), limit.RefusedToSay(20_000) });
        limit.Enter(b);
        Assert.Equal([0, 1], new[] { limit.RefusedToSay(9_999), limit.RefusedToSay(20_000) });
        limit.Leave(a);
        limit.Leave(a);
        Assert.Equal(Place.Admitted, limit.Enter(a));
    }

    [Fact]
    public async Task Replies_that_are_not_read_stop_the_reading_of_requests()
    {
        await using var host = await BoundHost.StartAsync();
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        var value = new string('x', Large);
        Assert.Equal("+OK\r\n", client.Call("SET", "big", value));
        var gets = RespClient.Encode("GET", "big");
        var sent = 0;
        // Nothing is read: after what the sockets take, not even requests go out any more.
        var sending = Task.Run(() =>
        {
            for (; sent < 3000; sent++) client.Send(gets);
        });
        await UntilAsync(() => host.FrontEnd.Held.Held > 0);
        var most = 0L;
        for (var look = 0; look < 50; look++)
        {
            most = Math.Max(most, host.FrontEnd.Held.Held);
            await Task.Delay(20);
        }
        Assert.InRange(most, 1, ReplyBounds.FetchBytes + Large + (1024 * ReplyBounds.ValueBytes));
        // And it goes on when the client reads, with every reply in its place.
        for (var n = 0; n < 3000; n++) Assert.Equal(value.Length + 12, client.Read().Length);
        await sending;
        Assert.Equal("+PONG\r\n", client.Call("PING"));
        await UntilAsync(() => host.FrontEnd.Held.Held == 0);
    }

    [Theory]
    [InlineData(ReplyBounds.ValueBytes)]
    [InlineData(ReplyBounds.ValueBytes + 1)]
    [InlineData(ReplyBounds.FirstValueBytes + 1)]
    [InlineData(Large)]
    public async Task A_pipeline_of_values_of_any_length_is_answered_in_order(int length)
    {
        await using var host = await BoundHost.StartAsync();
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        var values = Enumerable.Range(0, 12).Select(n => new string((char)('a' + n), n % 3 == 0 ? length : n)).ToArray();
        for (var n = 0; n < values.Length; n++) Assert.Equal("+OK\r\n", client.Call("SET", "k" + n, values[n]));
        var commands = new List<string[]>();
        for (var n = 0; n < values.Length; n++)
        {
            commands.Add(["GET", "k" + n]);
            commands.Add(["PING", "p" + n]);
            if (n % 4 == 1) commands.Add(["SET", "k" + n, "changed"]);
        }
        client.Send([.. commands.SelectMany(c => RespClient.Encode(c))]);
        for (var n = 0; n < values.Length; n++)
        {
            Assert.Equal($"${values[n].Length}\r\n{values[n]}\r\n", client.Read());
            Assert.EndsWith($"\r\np{n}\r\n", client.Read(), StringComparison.Ordinal);
            if (n % 4 == 1) Assert.Equal("+OK\r\n", client.Read());
        }
    }

    [Fact]
    public async Task Values_that_writes_give_back_come_in_order_though_few_at_a_time()
    {
        await using var host = await BoundHost.StartAsync();
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        client.Send([.. Enumerable.Range(0, 100).SelectMany(n => RespClient.Encode("GETSET", "k", n.ToString()))]);
        Assert.Equal("$-1\r\n", client.Read());
        for (var n = 0; n < 99; n++) Assert.Contains($"\r\n{n}\r\n", client.Read(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_commands_of_all_clients_together_are_bounded_and_the_rest_is_served()
    {
        await using var host = await BoundHost.StartAsync(held: new HeldBytes(8 << 20));
        var clients = new List<RespClient>();
        for (var n = 0; n < 6; n++)
        {
            var client = await host.ConnectAsync(ApiRole.Issuer);
            clients.Add(client);
            // On threads of their own: they block, and the node needs the pool's.
            _ = Task.Factory.StartNew(() =>
            {
                try
                {
                    client.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16000000\r\n"u8);
                    client.Send(new byte[6_000_000]);
                }
                catch (IOException)
                {
                    // Closed by the node.
                }
            }, TaskCreationOptions.LongRunning);
        }
        // One that cannot have room is closed, with a reason; the others keep theirs.
        await UntilAsync(() => host.FrontEnd.Held.Refused > 0);
        Assert.InRange(host.FrontEnd.Held.Held, 1, (8 << 20) + (4 << 20));
        foreach (var client in clients) client.Dispose();
        // What a connection has not read yet it may still take in before it ends.
        await UntilAsync(() => host.FrontEnd.ConnectedClients == 0);
        await UntilAsync(() => host.FrontEnd.Held.Held == 0);
        using var late = await host.ConnectAsync(ApiRole.Issuer);
        Assert.Equal("+OK\r\n", late.Call("SET", "k", new string('v', Large)));
        Assert.Equal(Large + 12, late.Call("GET", "k").Length);
    }

    [Fact]
    public async Task A_long_value_for_which_there_is_no_room_is_not_fetched_and_the_client_hears_so()
    {
        var held = new HeldBytes(8 << 20);
        await using var host = await BoundHost.StartAsync(held: held);
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        Assert.Equal("+OK\r\n", client.Call("SET", "big", new string('x', Large)));
        // What others hold leaves room for everything but this value.
        await UntilAsync(() => held.Held == 0);
        held.Add(held.Most - 1);
        client.Send([.. RespClient.Encode("GET", "big"), .. RespClient.Encode("PING")]);
        Assert.Equal("-TRYAGAIN TM-SYS-4290 the connections of this node hold as much memory as they may; nothing happened\r\n", client.Read());
        Assert.Equal("+PONG\r\n", client.Read());
        Assert.Equal((1, held.Most - 1), (held.Refused, held.Held));
        held.Return(held.Most - 1);
        Assert.Equal(Large + 12, client.Call("GET", "big").Length);
    }

    [Fact]
    public async Task Too_many_bytes_in_one_MGET_are_refused_with_what_to_do()
    {
        await using var host = await BoundHost.StartAsync();
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        for (var n = 0; n < 5; n++) Assert.Equal("+OK\r\n", client.Call("SET", "{t}" + n, new string('x', 15_000_000)));
        Assert.StartsWith("-ERR the values of one shard are 75000000 bytes together, allowed are 67108864", client.Call("MGET", "{t}0", "{t}1", "{t}2", "{t}3", "{t}4"), StringComparison.Ordinal);
        Assert.StartsWith("*2\r\n", client.Call("MGET", "{t}0", "{t}1"), StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var until = DateTime.UtcNow.AddSeconds(30); DateTime.UtcNow < until; await Task.Delay(20))
            if (holds()) return;
        throw new TimeoutException("It does not hold after 30 s.");
    }

    private sealed class BoundHost(RedisHost host) : IAsyncDisposable
    {
        public RedisFrontEnd FrontEnd => host.FrontEnd;

        public static async Task<BoundHost> StartAsync(ConnectionLimit? connections = null, HeldBytes? held = null)
        {
            var host = new RedisHost(new RedisFrontEndOptions { PatienceMs = 1_000 }, connections: connections, held: held ?? new HeldBytes(1L << 40));
            await host.InitializeAsync();
            return new BoundHost(host);
        }

        public Task<RespClient> ConnectAsync() => host.ConnectAsync();

        public Task<RespClient> ConnectAsync(ApiRole role) => host.ConnectAsync(role);

        public async ValueTask DisposeAsync() => await host.DisposeAsync();
    }
}
