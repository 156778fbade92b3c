using System.Globalization;
using System.Text.Json;

namespace TokMesh.EndToEnd;

/// <summary>The clients people have: redis-cli, redis-benchmark, ioredis and node-redis, against any node.</summary>
public sealed class ClientTests(ThreeNodes three, NodePackages packages) : IClassFixture<ThreeNodes>, IClassFixture<NodePackages>
{
    [SkippableFact]
    public async Task What_redis_cli_sets_on_one_node_it_gets_on_every_other()
    {
        var cluster = three.Cluster;
        foreach (var writer in cluster.Nodes)
        {
            Assert.Equal("OK", await CliAsync(cluster, writer, "SET", "cli:key", writer.Id));
            foreach (var reader in cluster.Nodes) Assert.Equal(writer.Id, await CliAsync(cluster, reader, "GET", "cli:key"));
        }
    }

    [SkippableFact]
    public async Task Redis_cli_scans_every_key_from_any_node()
    {
        var cluster = three.Cluster;
        await CliAsync(cluster, cluster.Nodes[0], ["MSET", .. Enumerable.Range(0, 100).SelectMany(i => new[] { $"cliscan:{i}", "v" })]);
        foreach (var node in cluster.Nodes)
        {
            var keys = (await CliAsync(cluster, node, "--scan", "--pattern", "cliscan:*")).Split('\n');
            Assert.Equal(Enumerable.Range(0, 100).Select(i => $"cliscan:{i}").Order(StringComparer.Ordinal), keys.Order(StringComparer.Ordinal));
        }
    }

    [SkippableFact]
    public async Task Redis_cli_shows_info_and_errors_as_it_does_for_redis()
    {
        var cluster = three.Cluster;
        Assert.Contains("redis_version:", await CliAsync(cluster, cluster.Nodes[1], "INFO"), StringComparison.Ordinal);
        Assert.StartsWith("ERR unknown command", await CliAsync(cluster, cluster.Nodes[1], "NOSUCHCOMMAND"), StringComparison.Ordinal);
        Tool.Require("redis-cli");
        var refused = await Tool.RunAsync("redis-cli", ["-p", Port(cluster.Nodes[1]), "--user", cluster.User, "--pass", "wrong", "--no-auth-warning", "GET", "k"]);
        Assert.Contains("WRONGPASS", refused.All, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Redis_benchmark_runs_against_every_node_without_an_error()
    {
        var cluster = three.Cluster;
        Tool.Require("redis-benchmark");
        foreach (var node in cluster.Nodes)
        {
            var run = await Tool.RunAsync("redis-benchmark",
                ["-p", Port(node), "--user", cluster.User, "-a", cluster.Password, "-t", "set,get", "-n", "3000", "-c", "20", "-P", "4", "-r", "1000", "-q"]);
            Assert.True(run.Code == 0, run.All);
            Assert.DoesNotContain("rror", run.All, StringComparison.Ordinal);
            Assert.DoesNotContain("WARNING: Could not fetch server CONFIG", run.All, StringComparison.Ordinal);
            Assert.Contains("SET:", run.Output, StringComparison.Ordinal);
            Assert.Contains("GET:", run.Output, StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public async Task Ioredis_does_its_daily_work_on_any_node()
    {
        var cluster = three.Cluster;
        foreach (var node in cluster.Nodes)
        {
            var said = await ScriptAsync(cluster, "ioredis-commands.js", node);
            Assert.True(said.GetProperty("pipelined").GetBoolean(), said.ToString());
            Assert.InRange(said.GetProperty("ttl").GetInt32(), 1, 500);
            Assert.Equal("seen", said.GetProperty("getdel").GetString());
            Assert.Equal(JsonValueKind.Null, said.GetProperty("gone").ValueKind);
            Assert.Equal("[1,42]", said.GetProperty("incr").GetRawText());
            Assert.Equal("""["v0",null,"v99"]""", said.GetProperty("mget").GetRawText());
            Assert.Equal(100, said.GetProperty("scanned").GetInt32());
            Assert.Equal("00ff0d0a80", said.GetProperty("binary").GetString());
            Assert.StartsWith("ERR unknown command", said.GetProperty("wrong").GetString(), StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public async Task Ioredis_goes_on_at_another_node_when_its_own_is_killed()
    {
        var cluster = three.Cluster;
        // The first one is not the node whose death is in every other test.
        var ordered = new[] { cluster.Nodes[2], cluster.Nodes[0], cluster.Nodes[1] };
        using var script = packages.Start("ioredis-reconnect.js", string.Join(',', ordered.Select(Port)), cluster.User, cluster.Password);
        Assert.Equal("connected", await script.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)));
        await LocalCluster.KillAsync(ordered[0]);
        var ended = await Tool.EndAsync(script, "ioredis-reconnect.js");
        cluster.Start(ordered[0]);
        await cluster.WaitUntilReadyAsync();
        Assert.True(ended.Code == 0, ended.All);
        var said = JsonDocument.Parse(ended.Output).RootElement;
        Assert.Equal(0, said.GetProperty("lost").GetInt32());
        Assert.True(said.GetProperty("drops").GetBoolean());
        Assert.True(said.GetProperty("movedOn").GetBoolean());
    }

    [SkippableFact]
    public async Task Node_redis_does_its_daily_work_on_any_node()
    {
        var cluster = three.Cluster;
        foreach (var node in cluster.Nodes)
        {
            var said = await ScriptAsync(cluster, "node-redis-commands.js", node);
            Assert.Equal("PONG", said.GetProperty("ping").GetString());
            Assert.InRange(said.GetProperty("ttl").GetInt32(), 1, 500);
            Assert.Equal("""["v0",null]""", said.GetProperty("mget").GetRawText());
            Assert.Equal("v1", said.GetProperty("getdel").GetString());
            Assert.Equal(0, said.GetProperty("exists").GetInt32());
            Assert.Equal(1, said.GetProperty("incr").GetInt32());
            Assert.Equal(50, said.GetProperty("scanned").GetInt32());
            Assert.True(said.GetProperty("protocol").GetBoolean());
        }
    }

    private static string Port(LocalNode node) => node.RedisPort.ToString(CultureInfo.InvariantCulture);

    private async Task<string> CliAsync(LocalCluster cluster, LocalNode node, params string[] command)
    {
        Tool.Require("redis-cli");
        var ended = await Tool.RunAsync("redis-cli", ["-p", Port(node), "--user", cluster.User, "--pass", cluster.Password, "--no-auth-warning", .. command]);
        return ended.All.Trim();
    }

    private async Task<JsonElement> ScriptAsync(LocalCluster cluster, string script, LocalNode node)
    {
        using var process = packages.Start(script, Port(node), cluster.User, cluster.Password);
        var ended = await Tool.EndAsync(process, script);
        Assert.True(ended.Code == 0, ended.All);
        return JsonDocument.Parse(ended.Output).RootElement;
    }
}
