using System.Net;
using System.Text.Json;
using TokMesh.Linearizability;
using Xunit.Abstractions;

namespace TokMesh.EndToEnd;

/// <summary>
/// Three real processes, eight callers over both protocols for a minute, and something going wrong every few seconds. Afterwards the
/// whole history must be linearizable, no acknowledged write missing, no revoked token valid, and all replicas equal.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("TOKMESH_FAULT_SECONDS") ?? "60"));

    [Fact]
    public Task Acknowledged_writes_survive_kill_9_of_any_node() => RunAsync(4000, async (cluster, random, stop) =>
    {
        var node = random.Next(2) == 0 ? await LeaderOfMostAsync(cluster) : cluster.Nodes[random.Next(3)];
        await LocalCluster.KillAsync(node);
        await Task.Delay(random.Next(200, 2500), CancellationToken.None);
        cluster.Start(node);
        _ = stop;
    });

    [Fact]
    public Task Acknowledged_writes_survive_a_node_frozen_for_three_seconds() => RunAsync(4000, async (cluster, random, stop) =>
    {
        var node = random.Next(2) == 0 ? await LeaderOfMostAsync(cluster) : cluster.Nodes[random.Next(3)];
        LocalCluster.Pause(node);
        await Task.Delay(3000, CancellationToken.None);
        LocalCluster.Resume(node);
        _ = stop;
    });

    [Fact]
    public Task Acknowledged_writes_survive_cut_links() => RunAsync(4000, async (cluster, random, stop) =>
    {
        var node = random.Next(2) == 0 ? await LeaderOfMostAsync(cluster) : cluster.Nodes[random.Next(3)];
        var how = random.Next(4);
        foreach (var other in cluster.Nodes.Where(n => n != node))
        {
            switch (how)
            {
                case 0: // Cut off in both directions.
                    node.Proxy.Kill(other.Id);
                    other.Proxy.Kill(node.Id);
                    break;
                case 1: // It hears nobody, and is heard.
                    node.Proxy.Deafen(other.Id);
                    break;
                case 2: // It is heard by nobody, and hears.
                    other.Proxy.Deafen(node.Id);
                    break;
                default: // One link alone, both ways.
                    node.Proxy.Kill(other.Id);
                    other.Proxy.Kill(node.Id);
                    goto cut;
            }
        }
    cut:
        await Task.Delay(random.Next(1000, 4000), CancellationToken.None);
        foreach (var each in cluster.Nodes) each.Proxy.Heal();
        _ = stop;
    });

    private async Task RunAsync(int everyMs, Func<LocalCluster, Random, CancellationToken, Task> fault)
    {
        await using var cluster = await LocalCluster.StartAsync(3);
        var workload = new Workload(cluster);
        using var stop = new CancellationTokenSource(Duration);
        var running = workload.RunAsync(stop.Token);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var faults = 0;
        while (!stop.IsCancellationRequested)
        {
            var next = Task.Delay(everyMs, CancellationToken.None);
            await fault(cluster, random, stop.Token);
            faults++;
            await next;
        }
        await running;
        await cluster.WaitUntilReadyAsync();
        await cluster.WaitUntilDigestsAgreeAsync();
        await workload.ReadEverythingAsync();
        output.WriteLine($"{workload.Answered} answers, {faults} faults, {workload.History.Count(o => o.Returned == Operation.Never)} unknown; refused: {workload.Refusals}; seed {seed}");
        var verdict = Checker.Check(workload.History);
        Assert.True(verdict.IsLinearizable, $"Register {verdict.Register}: {verdict.Explanation}");
        Assert.True(workload.Answered > Duration.TotalSeconds * 50, $"Only {workload.Answered} operations were answered: {workload.Refusals}");
        await cluster.WaitUntilDigestsAgreeAsync();
    }

    private static async Task<LocalNode> LeaderOfMostAsync(LocalCluster cluster)
    {
        var most = (Node: cluster.Nodes[0], Led: -1);
        foreach (var node in cluster.Nodes)
        {
            try
            {
                using var answer = await cluster.SendAsync(node, HttpMethod.Get, "/cluster/shards");
                if (answer.StatusCode != HttpStatusCode.OK) continue;
                using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
                var led = json.RootElement.GetProperty("data").GetProperty("replicas").EnumerateArray().Count(r => r.GetProperty("role").GetString() == "leader");
                if (led > most.Led) most = (node, led);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // It is down just now.
            }
        }
        return most.Node;
    }
}
