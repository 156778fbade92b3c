using System.Globalization;
using System.Net;
using System.Text.Json;

namespace TokMesh.EndToEnd;

/// <summary>What nodes say of themselves and each other while something is wrong with one of them.</summary>
[Trait(Row.Trait, Row.Beside)]
public sealed class HealthTests(ThreeNodes three) : IClassFixture<ThreeNodes>
{
    private const int Groups = 257;
    private const string FakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

    [Fact]
    public async Task A_node_that_is_killed_is_named_by_the_others_with_every_group_that_has_no_margin_until_it_is_back()
    {
        var cluster = await three.RestoredAsync();
        await UntilWellAsync(cluster);
        var gone = cluster.Nodes[1];
        var number = await NumberOfAsync(cluster, gone);
        await LocalCluster.KillAsync(gone);
        foreach (var node in cluster.Nodes.Where(n => n != gone)) await UntilMissedAsync(cluster, node, number);
        // What is wrong elsewhere keeps nobody from serving, once the last election is over.
        await cluster.WaitUntilAsync("a node that is left is ready", async () =>
        {
            using var ready = await cluster.Client.GetAsync(new Uri($"http://{cluster.Nodes[0].Http}/ready"));
            return ready.StatusCode == HttpStatusCode.OK;
        });
        // The leaders of the groups say it in their logs, and one of the two may lead them all.
        Assert.Contains(cluster.Nodes, n => n != gone && File.ReadAllText(n.Log).Contains("TM-HLTH-2003", StringComparison.Ordinal));
        cluster.Start(gone);
        await UntilWellAsync(cluster);
    }

    [Fact]
    public async Task A_node_that_is_stopped_in_order_or_hangs_is_named_too()
    {
        var cluster = await three.RestoredAsync();
        await UntilWellAsync(cluster);
        var gone = cluster.Nodes[2];
        var number = await NumberOfAsync(cluster, gone);
        LocalCluster.Pause(gone);
        foreach (var node in cluster.Nodes.Where(n => n != gone)) await UntilMissedAsync(cluster, node, number);
        LocalCluster.Resume(gone);
        await UntilWellAsync(cluster);
        await LocalCluster.StopAsync(gone);
        foreach (var node in cluster.Nodes.Where(n => n != gone)) await UntilMissedAsync(cluster, node, number);
    }

    [Fact]
    public async Task A_node_that_moved_is_shown_where_it_is_now()
    {
        var cluster = await three.RestoredAsync();
        var moved = cluster.Nodes[2];
        await LocalCluster.StopAsync(moved);
        moved.Http = $"127.0.0.1:{FreePort.Next()}";
        cluster.Start(moved);
        await cluster.WaitUntilAsync("every node shows the new address", async () =>
        {
            foreach (var node in cluster.Nodes)
            {
                using var answer = await cluster.SendAsync(node, HttpMethod.Get, "/cluster/members");
                if (answer.StatusCode != HttpStatusCode.OK) return false;
                using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
                var member = json.RootElement.GetProperty("data").GetProperty("members").EnumerateArray().Single(m => m.GetProperty("node_id").GetString() == moved.Id);
                if (member.GetProperty("http").GetString() != moved.Http) return false;
                Assert.Equal((moved.Proxy.Address, moved.Redis), (member.GetProperty("peer").GetString(), member.GetProperty("redis").GetString()));
            }
            return true;
        });
    }

    /// <summary>A year ahead and an hour back: what lives is alive there at every level of consistency, and what is over is gone.</summary>
    [SkippableTheory]
    [InlineData("+365d")]
    [InlineData("-1h")]
    public async Task On_a_node_with_a_wrong_clock_sessions_live_as_long_as_anywhere(string offset)
    {
        Skip.IfNot(File.Exists(FakeTime), "libfaketime is not installed.");
        var cluster = await three.RestoredAsync();
        var wrong = cluster.Nodes[1];
        var number = await NumberOfAsync(cluster, wrong);
        var session = await cluster.CreateSessionAsync(cluster.Nodes[0], "alice");
        await LocalCluster.StopAsync(wrong);
        cluster.Start(wrong, ("LD_PRELOAD", FakeTime), ("FAKETIME", offset), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("DONT_FAKE_MONOTONIC", "1"));
        await cluster.WaitUntilReadyAsync();
        foreach (var node in cluster.Nodes)
            await cluster.WaitUntilAsync("every node names the clock", async () => (await cluster.ConditionsAsync(node)).ContainsKey($"TM-HLTH-3001/{number}"));

        using var bad = await RespConnection.ConnectAsync(wrong.Redis, cluster.AdminKey, default);
        using var good = await RespConnection.ConnectAsync(cluster.Nodes[0].Redis, cluster.AdminKey, default);
        await good.CallAsync(default, "SET", "short", "v", "PX", "3000");
        var over = DateTime.UtcNow.AddSeconds(3);
        string[][] levels = [["linearizable"], ["bounded", "500"], ["local"]];
        foreach (var level in levels)
        {
            Assert.Equal("OK", await bad.CallAsync(default, ["CLIENT", "TM.CONSISTENCY", .. level]));
            Assert.Equal("OK", await bad.CallAsync(default, "TM.VALIDATE", session.Token));
            Assert.InRange(int.Parse((await bad.CallAsync(default, "TTL", session.Id))!, CultureInfo.InvariantCulture), 3_000, 3_600);
        }
        await cluster.WaitUntilAsync("the key is gone at every level", async () =>
        {
            foreach (var level in levels)
            {
                await bad.CallAsync(default, ["CLIENT", "TM.CONSISTENCY", .. level]);
                if (await bad.CallAsync(default, "EXISTS", "short") != "0") return false;
                Assert.True(DateTime.UtcNow > over.AddSeconds(-1), "The key went before its time.");
                Assert.Equal("OK", await bad.CallAsync(default, "TM.VALIDATE", session.Token));
            }
            return true;
        });
    }

    private static Task UntilWellAsync(LocalCluster cluster) => cluster.WaitUntilAsync("every node finds nothing wrong", async () =>
    {
        foreach (var node in cluster.Nodes)
        {
            if ((await cluster.ConditionsAsync(node)).Count > 0) return false;
            using var answer = await cluster.SendAsync(node, HttpMethod.Get, "/cluster/status");
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
            if (json.RootElement.GetProperty("data").GetProperty("health").GetString() != "OK") return false;
        }
        return true;
    });

    private static Task UntilMissedAsync(LocalCluster cluster, LocalNode node, int number) => cluster.WaitUntilAsync($"{node.Id} names what is gone and every group without a margin", async () =>
    {
        var said = await cluster.ConditionsAsync(node);
        return said.ContainsKey($"TM-HLTH-1001/{number}") && said.GetValueOrDefault("TM-HLTH-2003/0") == Groups;
    });

    private static async Task<int> NumberOfAsync(LocalCluster cluster, LocalNode node)
    {
        using var answer = await cluster.SendAsync(node, HttpMethod.Get, "/cluster/status");
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
        return json.RootElement.GetProperty("data").GetProperty("number").GetInt32();
    }
}
