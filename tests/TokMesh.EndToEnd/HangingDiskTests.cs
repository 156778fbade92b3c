using System.Net;
using System.Text.Json;

namespace TokMesh.EndToEnd;

/// <summary>A server whose syncs do not come back: its shards go on elsewhere, and it says what is wrong.</summary>
[Trait(Row.Trait, Row.Beside)]
public sealed class HangingDiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-hang-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task What_a_node_with_a_hanging_disk_led_goes_on_elsewhere_and_it_says_so()
    {
        var library = await CompileAsync();
        await using var cluster = await LocalCluster.StartAsync(3);
        var hung = cluster.Nodes[1];
        var others = cluster.Nodes.Where(n => n != hung).ToArray();
        var hangs = Path.Combine(_folder, "hangs");
        await LocalCluster.StopAsync(hung);
        cluster.Start(hung, ("LD_PRELOAD", library), ("SLOW_SYNC_FILE", hangs));
        await cluster.WaitUntilReadyAsync();
        // It leads whatever the others hand over.
        foreach (var other in others)
        {
            await LocalCluster.StopAsync(other);
            cluster.Start(other);
            await cluster.WaitUntilReadyAsync();
        }
        Assert.True(await LedByAsync(cluster, hung) > 0);

        await File.WriteAllTextAsync(hangs, "");
        await WriteEverywhereAsync(cluster, others[0]);
        await cluster.WaitUntilAsync("it leads nothing and is not ready", async () =>
        {
            using var ready = await cluster.Client.GetAsync(new Uri($"http://{hung.Http}/ready"));
            return ready.StatusCode == HttpStatusCode.ServiceUnavailable && await LedByAsync(cluster, hung) == 0;
        });
        // Its disk still hangs, and every shard takes writes, through it too.
        await WriteEverywhereAsync(cluster, others[1]);
        await WriteEverywhereAsync(cluster, hung);
        foreach (var node in cluster.Nodes)
            await cluster.WaitUntilAsync("every node names the disk", async () => (await cluster.ConditionsAsync(node)).Keys.Any(k => k.StartsWith("TM-HLTH-4001/", StringComparison.Ordinal)));
        Assert.Contains("TM-HLTH-4001", await File.ReadAllTextAsync(hung.Log), StringComparison.Ordinal);
        using (var metrics = await cluster.SendAsync(hung, HttpMethod.Get, "/metrics"))
            Assert.Contains("tokmesh_health_condition", await metrics.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        File.Delete(hangs);
        await cluster.WaitUntilReadyAsync();
        await cluster.WaitUntilDigestsAgreeAsync();
        await cluster.WaitUntilAsync("nothing is wrong any more", async () => (await cluster.ConditionsAsync(others[0])).Count == 0);
    }

    private async Task<string> CompileAsync()
    {
        Tool.Require("cc");
        var library = Path.Combine(_folder, "slow_sync.so");
        var compiled = await Tool.RunAsync("cc", ["-shared", "-fPIC", "-o", library, Path.Combine(AppContext.BaseDirectory, "Native", "slow_sync.c"), "-ldl"]);
        Assert.True(compiled.Code == 0, compiled.All);
        return library;
    }

    private static async Task WriteEverywhereAsync(LocalCluster cluster, LocalNode through)
    {
        using var redis = await RespConnection.ConnectAsync(through.Redis, cluster.AdminKey, default);
        // What was under way when the leader's disk began to hang is repeated by the node within its deadline.
        for (var i = 0; i < 200; i++) Assert.Equal("OK", await redis.CallAsync(default, "SET", $"key-{i}", "v"));
    }

    private static async Task<int> LedByAsync(LocalCluster cluster, LocalNode node)
    {
        using var answer = await cluster.SendAsync(node, HttpMethod.Get, "/cluster/status");
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
        return json.RootElement.GetProperty("data").GetProperty("this_node").GetProperty("leads").GetInt32();
    }
}
