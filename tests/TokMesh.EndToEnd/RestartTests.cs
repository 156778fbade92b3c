using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace TokMesh.EndToEnd;

/// <summary>What is left after nodes were stopped, killed, wiped or kept away.</summary>
[Collection(MachineCollection.Name)]
[Trait(Row.Trait, Row.Beside)]
public sealed class RestartTests(Machine machine, ThreeNodes three) : IClassFixture<ThreeNodes>
{
    [Fact]
    public async Task A_cluster_that_was_stopped_and_started_still_has_everything() => await StopAndStartAsync(await three.RestoredAsync());

    [SkippableFact]
    public async Task So_has_one_whose_membership_is_in_PostgreSQL()
    {
        await using var cluster = await LocalCluster.StartAsync(machine, Membership.AdoNet, 3);
        await StopAndStartAsync(cluster);
    }

    [Fact]
    public async Task Acknowledged_writes_survive_kill_9_of_all_nodes_at_once()
    {
        var cluster = await three.RestoredAsync();
        var acknowledged = new ConcurrentDictionary<string, string>();
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 6).Select(n => WriteUntilCutAsync(cluster, cluster.Nodes[n % 3], n, acknowledged, stop.Token)).ToArray();
        await cluster.WaitUntilAsync("1000 writes are acknowledged", () => Task.FromResult(acknowledged.Count >= 1000));
        await Task.WhenAll(cluster.Nodes.Select(LocalCluster.KillAsync));
        stop.Cancel();
        await Task.WhenAll(writers);

        foreach (var node in cluster.Nodes) cluster.Start(node);
        await cluster.WaitUntilReadyAsync();
        using var redis = await RespConnection.ConnectAsync(cluster.Nodes[0].Redis, cluster.AdminKey, default);
        foreach (var (key, value) in acknowledged) Assert.Equal(value, await redis.CallAsync(default, "GET", key));
        await cluster.WaitUntilDigestsAgreeAsync();
    }

    /// <summary>The first one too: whatever began with it must not need it.</summary>
    [Fact]
    public async Task Writes_go_on_when_each_node_in_turn_is_killed_and_every_one_comes_back()
    {
        var cluster = await three.RestoredAsync();
        for (var n = 0; n < 3; n++)
        {
            var (killed, other) = (cluster.Nodes[n], cluster.Nodes[(n + 1) % 3]);
            await LocalCluster.KillAsync(killed);
            await cluster.WaitUntilAsync($"{other.Id} writes without {killed.Id}", async () =>
            {
                try
                {
                    for (var i = 0; i < 20; i++) await CallAsync(cluster, other, "SET", $"{n}:{i}", "v");
                    return true;
                }
                catch (RespException)
                {
                    // What was under way when the leader went may have been done or not: it is done again.
                    return false;
                }
            });
            cluster.Start(killed);
            await cluster.WaitUntilReadyAsync();
            Assert.Equal("v", await CallAsync(cluster, killed, "GET", $"{n}:19"));
        }
        await cluster.WaitUntilDigestsAgreeAsync();
    }

    /// <summary>Orleans would write that the silo leaves, and that it has left, for a minute each.</summary>
    [Fact]
    public async Task A_node_that_is_left_alone_stops_in_order_and_soon()
    {
        var cluster = await three.RestoredAsync();
        await cluster.WaitUntilActiveAsync();
        await LocalCluster.KillAsync(cluster.Nodes[0]);
        await LocalCluster.KillAsync(cluster.Nodes[1]);
        var clock = Stopwatch.StartNew();
        await LocalCluster.StopAsync(cluster.Nodes[2]);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"It took {clock.Elapsed.TotalSeconds:F1} s.");
        // And one whose silo cannot become active, since nobody else is there.
        cluster.Start(cluster.Nodes[2]);
        await cluster.WaitUntilAsync("it answers", async () => (await cluster.Client.GetAsync(new Uri($"http://{cluster.Nodes[2].Http}/health"))).IsSuccessStatusCode);
        await LocalCluster.StopAsync(cluster.Nodes[2]);
    }

    [Fact]
    public async Task A_node_whose_data_directory_was_wiped_is_refused_and_the_others_go_on()
    {
        var cluster = await three.RestoredAsync();
        await CallAsync(cluster, cluster.Nodes[0], "SET", "before", "1");
        var wiped = cluster.Nodes[2];
        await LocalCluster.StopAsync(wiped);
        var whole = wiped.Data + ".whole";
        Directory.Move(wiped.Data, whole);
        cluster.Start(wiped);
        await LocalCluster.EndedAsync(wiped);
        Assert.NotEqual(0, wiped.Process!.ExitCode);
        var said = LocalCluster.Said(wiped);
        Assert.Contains("TM-CLST-4090", said, StringComparison.Ordinal);
        Assert.Contains("belongs to another data directory", said, StringComparison.Ordinal);
        await AssertServesAsync(cluster, cluster.Nodes.Except([wiped]), "before");
        // Nothing has been held against the right one.
        Directory.Delete(wiped.Data, recursive: true);
        Directory.Move(whole, wiped.Data);
        cluster.Start(wiped);
        await cluster.WaitUntilReadyAsync();
    }

    [Fact]
    public async Task A_node_that_missed_more_than_the_log_keeps_catches_up_by_snapshot()
    {
        await using var cluster = await LocalCluster.StartAsync(3, "--storage.snapshot.threshold=1MB", "--storage.wal.segment-size=1MB");
        var away = cluster.Nodes[2];
        await CallAsync(cluster, away, "SET", "before", "1");
        await LocalCluster.StopAsync(away);
        using (var redis = await RespConnection.ConnectAsync(cluster.Nodes[0].Redis, cluster.AdminKey, default))
        {
            // Most of it into one group, which then cannot hold in memory what the node away has missed.
            for (var i = 0; i < 40; i++) await redis.CallAsync(default, "SET", i % 4 == 0 ? $"big:{i}" : "big", new string((char)('a' + i % 26), 1 << 20));
            for (var i = 0; i < 500; i++) await redis.CallAsync(default, "SET", $"small:{i}", $"{i}");
        }
        // Nothing can bring it up to date from the log any more.
        await cluster.WaitUntilAsync("the other nodes have dropped the beginning of their logs", () =>
            Task.FromResult(cluster.Nodes.Except([away]).All(n => Segments(n).Min() > Segments(away).Max())));
        cluster.Start(away);
        await cluster.WaitUntilReadyAsync();
        await cluster.WaitUntilDigestsAgreeAsync();
        Assert.Equal(new string((char)('a' + 39 % 26), 1 << 20), await CallAsync(cluster, away, "GET", "big"));
        Assert.Equal("499", await CallAsync(cluster, away, "GET", "small:499"));
    }

    [Fact]
    public async Task A_value_of_16_MiB_goes_through_every_node_and_survives_a_restart()
    {
        var cluster = await three.RestoredAsync();
        var values = Enumerable.Range(0, 2).Select(static n => string.Create(16 << 20, n, static (span, n) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = (char)('!' + (i * 31 + n) % 90);
        })).ToArray();
        // Of two nodes that write one key at least one does not lead its shard.
        foreach (var (node, value) in cluster.Nodes.Zip(values))
        {
            Assert.Equal("OK", await CallAsync(cluster, node, "SET", "whole", value));
            foreach (var reader in cluster.Nodes) Assert.True(value == await CallAsync(cluster, reader, "GET", "whole"), $"{reader.Id} reads another value than {node.Id} wrote.");
        }
        foreach (var node in cluster.Nodes) await LocalCluster.KillAsync(node);
        foreach (var node in cluster.Nodes) cluster.Start(node);
        await cluster.WaitUntilReadyAsync();
        Assert.True(values[1] == await CallAsync(cluster, cluster.Nodes[0], "GET", "whole"), "The value did not survive.");
    }

    [Fact]
    public async Task A_node_with_a_flipped_bit_in_its_log_says_where_and_does_not_start()
    {
        var cluster = await three.RestoredAsync();
        await CallAsync(cluster, cluster.Nodes[0], "SET", "before", "1");
        for (var i = 0; i < 100; i++) await CallAsync(cluster, cluster.Nodes[0], "SET", $"k{i}", new string('v', 1000));
        var damaged = cluster.Nodes[1];
        await LocalCluster.StopAsync(damaged);
        var segment = Directory.GetFiles(Path.Combine(damaged.Data, "log"), "wal-*.log").Order(StringComparer.Ordinal).First();
        var bytes = await File.ReadAllBytesAsync(segment);
        // Segments are allocated ahead: the middle of what was written counts, not that of the file.
        var middle = Array.FindLastIndex(bytes, b => b != 0) / 2;
        bytes[middle] ^= 0x10;
        await File.WriteAllBytesAsync(segment, bytes);

        cluster.Start(damaged);
        await LocalCluster.EndedAsync(damaged);
        Assert.NotEqual(0, damaged.Process!.ExitCode);
        var said = LocalCluster.Said(damaged);
        Assert.Matches($"damaged at {Path.GetFileName(segment)}:[0-9]+", said);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(segment));
        await AssertServesAsync(cluster, cluster.Nodes.Except([damaged]), "before");
        bytes[middle] ^= 0x10;
        await File.WriteAllBytesAsync(segment, bytes);
        cluster.Start(damaged);
        await cluster.WaitUntilReadyAsync();
    }

    private static async Task StopAndStartAsync(LocalCluster cluster)
    {
        var live = await cluster.CreateSessionAsync(cluster.Nodes[0], "alice");
        var revoked = await cluster.CreateSessionAsync(cluster.Nodes[0], "bob");
        using (var answer = await cluster.SendAsync(cluster.Nodes[1], HttpMethod.Post, $"/sessions/{revoked.Id}/revoke", new { })) Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var second = await CreateAdminKeyAsync(cluster);
        await CallAsync(cluster, cluster.Nodes[0], "SET", "plain", "kept");
        await CallAsync(cluster, cluster.Nodes[0], "SET", "timed", "kept", "EX", "3000");

        foreach (var node in cluster.Nodes) await LocalCluster.StopAsync(node);
        foreach (var node in cluster.Nodes) cluster.Start(node);
        await cluster.WaitUntilReadyAsync();

        foreach (var node in cluster.Nodes)
        {
            Assert.Equal("kept", await CallAsync(cluster, node, "GET", "plain"));
            Assert.Equal("-1", await CallAsync(cluster, node, "TTL", "plain"));
            Assert.InRange(int.Parse((await CallAsync(cluster, node, "TTL", "timed"))!, CultureInfo.InvariantCulture), 1, 3000);
            Assert.Equal(HttpStatusCode.OK, await cluster.ValidateAsync(node, live.Token, cluster.AdminKey));
            Assert.Equal(HttpStatusCode.OK, await cluster.ValidateAsync(node, live.Token, second));
            Assert.Equal(HttpStatusCode.Unauthorized, await cluster.ValidateAsync(node, revoked.Token, cluster.AdminKey));
        }
        await cluster.WaitUntilDigestsAgreeAsync();
    }

    private static IEnumerable<long> Segments(LocalNode node) => Directory.GetFiles(Path.Combine(node.Data, "log"), "wal-*.log")
        .Select(f => long.Parse(Path.GetFileNameWithoutExtension(f)["wal-".Length..], NumberStyles.None, CultureInfo.InvariantCulture));

    private static async Task AssertServesAsync(LocalCluster cluster, IEnumerable<LocalNode> nodes, string writtenBefore)
    {
        foreach (var node in nodes)
        {
            Assert.Equal("1", await CallAsync(cluster, node, "GET", writtenBefore));
            for (var i = 0; i < 20; i++) Assert.Equal("OK", await CallAsync(cluster, node, "SET", $"after:{node.Id}:{i}", "1"));
        }
    }

    private static async Task WriteUntilCutAsync(LocalCluster cluster, LocalNode node, int writer, ConcurrentDictionary<string, string> acknowledged, CancellationToken stop)
    {
        try
        {
            using var redis = await RespConnection.ConnectAsync(node.Redis, cluster.AdminKey, stop);
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                if (await redis.CallAsync(stop, "SET", $"w{writer}:{i}", $"{i}") == "OK") acknowledged[$"w{writer}:{i}"] = $"{i}";
            }
        }
        catch (Exception e) when (e is IOException or RespException or OperationCanceledException)
        {
            // The nodes are being killed.
        }
    }

    private static async Task<string> CreateAdminKeyAsync(LocalCluster cluster)
    {
        using var answer = await cluster.SendAsync(cluster.Nodes[2], HttpMethod.Post, "/admin/v1/keys", new { role = "admin", description = "second" });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
        var data = json.RootElement.GetProperty("data");
        return $"{data.GetProperty("key_id").GetString()}:{data.GetProperty("key_secret").GetString()}";
    }

    // A call made while leaders are elected may be told to come again.
    private static async Task<string?> CallAsync(LocalCluster cluster, LocalNode node, params string[] command)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var redis = await RespConnection.ConnectAsync(node.Redis, cluster.AdminKey, limit.Token);
        while (true)
        {
            try
            {
                return await redis.CallAsync(limit.Token, command);
            }
            catch (RespException e) when (e.Message.StartsWith("TRYAGAIN", StringComparison.Ordinal) || e.Message.Contains("TM-CLST-5040", StringComparison.Ordinal))
            {
                // What these tests ask for may be done twice: a slow machine may not have been in time with 16 MiB.
                await Task.Delay(100, limit.Token);
            }
        }
    }
}
