using System.Net.Sockets;
using System.Text;
using TokMesh.Cluster.Limits;
using TokMesh.Gateway.Requests;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

/// <summary>What requests may hold together.</summary>
public sealed class HeldTests
{
    [Fact]
    public async Task A_body_for_which_there_is_no_room_is_answered_busy_and_health_all_the_same()
    {
        var held = new HeldBytes(4 << 20);
        await using var gateway = await TestGateway.StartAsync(held: held);
        var value = new string('x', 1_000_000);
        (await gateway.PostAsync("/keys/k", gateway.Issuer, $$"""{"value":"{{value}}"}""")).IsOk();
        await GivenBackAsync(held);

        held.Add(3 << 20);
        var busy = await gateway.PostAsync("/keys/k", gateway.Issuer, $$"""{"value":"{{value}}"}""");
        busy.Is(429, "TM-SYS-4290");
        Assert.Equal("not_executed", busy.Details.GetProperty("outcome").GetString());
        Assert.Equal("1", busy.Header("Retry-After"));
        // What is small goes on, until nothing may be taken on at all.
        (await gateway.PostAsync("/keys/s", gateway.Issuer, """{"value":"small"}""")).IsOk();
        held.Add(1 << 20);
        (await gateway.GetAsync("/keys/s", gateway.Issuer)).Is(429, "TM-SYS-4290");
        Assert.Equal(200, (await gateway.GetAsync("/health", null)).Status);
        Assert.Contains("tokmesh_held_bytes{} 4194304", (await gateway.GetAsync("/metrics", gateway.Metrics)).Text, StringComparison.Ordinal);
        (await gateway.GetAsync("/pages/one", gateway.Admin)).Is(429, "TM-SYS-4290");
        Assert.Equal(3, held.Refused);

        held.Return(4 << 20);
        (await gateway.PostAsync("/keys/k", gateway.Issuer, $$"""{"value":"{{value}}"}""")).IsOk();
        Assert.Equal(value, (await gateway.GetAsync("/keys/k", gateway.Issuer)).IsOk().GetProperty("value").GetString());
        await GivenBackAsync(held);
    }

    [Fact]
    public async Task A_body_whose_length_is_not_said_is_counted_as_it_comes()
    {
        var held = new HeldBytes(2 << 20);
        await using var gateway = await TestGateway.StartAsync(held: held);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
        var stream = tcp.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /keys/k HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.Issuer}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"));
        var reply = Task.Run(async () =>
        {
            using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
            // The status alone: what the node no longer reads ends in a reset.
            return await reader.ReadLineAsync();
        });
        var chunk = Encoding.ASCII.GetBytes("10000\r\n" + new string('y', 65_536) + "\r\n");
        try
        {
            for (var n = 0; n < 60; n++)
            {
                await stream.WriteAsync(chunk);
                Assert.InRange(held.Held, 0, 2 << 20);
            }
        }
        catch (IOException)
        {
            // The node no longer reads it.
        }
        Assert.StartsWith("HTTP/1.1 429", await reply, StringComparison.Ordinal);
        await GivenBackAsync(held);
    }

    /// <summary>The client may have read an answer a moment before the node is done with it.</summary>
    private static async Task GivenBackAsync(HeldBytes held)
    {
        for (var until = DateTime.UtcNow.AddSeconds(20); held.Held > 0 && DateTime.UtcNow < until;) await Task.Delay(10);
        Assert.Equal(0, held.Held);
    }

    [Fact]
    public async Task In_a_reserved_place_only_signs_of_life_are_answered_and_nobody_needs_a_key_for_them()
    {
        var limit = new ConnectionLimit("http", most: 1, mostPerAddress: 1, reserved: 1);
        await using var gateway = await TestGateway.StartAsync(place: new LifeOnly(limit));
        Assert.Equal(200, (await gateway.GetAsync("/health", null)).Status);
        Assert.Equal(200, (await gateway.GetAsync("/ready", null)).Status);
        Assert.Equal(0, limit.Refused);
        string[] others = ["/metrics", "/keys/k", "/cluster/status", "/pages/one", "/no/such/path"];
        foreach (var path in others)
            foreach (var key in new[] { null, gateway.Admin })
            {
                var answer = await gateway.GetAsync(path, key);
                Assert.Equal((503, "TM-SYS-5030"), (answer.Status, answer.Header("X-Error-Code")));
                Assert.DoesNotContain("tokmesh_", answer.Text, StringComparison.Ordinal);
                Assert.Equal(("close", "1"), (answer.Header("Connection"), answer.Header("Retry-After")));
            }
        (await gateway.PostAsync("/health", null, "{}")).Is(503, "TM-SYS-5030");
        Assert.Equal(others.Length * 2 + 1, limit.Refused);
    }

    [Fact]
    public async Task Pages_of_another_program_are_read_with_an_administrators_key()
    {
        await using var gateway = await TestGateway.StartAsync();
        Assert.Equal("a page", (await gateway.GetAsync("/pages/one", gateway.Admin)).Text);
        (await gateway.GetAsync("/pages/one", gateway.Issuer)).Is(403, "TM-ADMIN-4030");
        (await gateway.GetAsync("/pages/one", null)).Is(401, "TM-AUTH-4010");
        var posted = await gateway.PostAsync("/pages/one", gateway.Admin, "{}");
        posted.Is(405, "TM-SYS-4000");
        Assert.Equal("GET,HEAD", posted.Header("Allow"));
    }

    [Fact]
    public void Bytes_are_taken_up_to_the_most_and_one_alone_always_is()
    {
        var held = new HeldBytes(10);
        Assert.True(held.TryTake(11));
        Assert.False(held.TryTake(1));
        held.Return(11);
        Assert.True(held.TryTake(6));
        Assert.False(held.TryTake(5));
        Assert.True(held.TryTake(4));
        Assert.True(held.IsFull);
        held.Return(10);
        Assert.Equal(0, held.Held);
    }
}
