using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using TokMesh.Linearizability;
using Xunit.Abstractions;

namespace TokMesh.EndToEnd;

/// <summary>
/// Three real processes, eight callers over both protocols, and something going wrong. Afterwards the whole history must be linearizable, no
/// acknowledged write missing, no revoked token valid, and all replicas equal.
/// </summary>
internal static class FaultRun
{
    public static TimeSpan Duration => Seconds("TOKMESH_FAULT_SECONDS", 20);

    /// <param name="duration">No fault begins later.</param>
    /// <param name="everyMs">From one fault to the next, or longer: until the callers have been answered 50 times for each second of it.</param>
    /// <param name="pauseMs">The longest that a caller waits between two calls.</param>
    public static async Task RunAsync(Machine machine, ITestOutputHelper output, Membership membership, TimeSpan duration, int everyMs, Func<LocalCluster, Random, Workload, Task> fault, int pauseMs = 8)
    {
        await using var cluster = await LocalCluster.StartAsync(machine, membership, 3);
        var workload = new Workload(cluster, pauseMs);
        using var stop = new CancellationTokenSource();
        var running = workload.RunAsync(stop.Token);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var faults = 0;
        var clock = Stopwatch.StartNew();
        do
        {
            var (before, next) = (workload.Answered, Task.Delay(everyMs, CancellationToken.None));
            cluster.Revive();
            await fault(cluster, random, workload);
            faults++;
            await next;
            // A machine that is slow to start a node could otherwise be without a majority from the first fault to the last.
            await cluster.WaitUntilAsync($"the callers are answered (refused so far: {workload.Refusals})", () => Task.FromResult(workload.Answered >= before + (everyMs / 20)));
        }
        while (clock.Elapsed < duration);
        await stop.CancelAsync();
        await running;
        await cluster.WaitUntilReadyAsync();
        await cluster.WaitUntilDigestsAgreeAsync();
        await workload.ReadEverythingAsync();
        output.WriteLine($"{workload.Answered} answers, {faults} faults, {workload.History.Count(o => o.Returned == Operation.Never)} unknown; refused: {workload.Refusals}; seed {seed}");
        var verdict = Checker.Check(workload.History);
        Assert.True(verdict.IsLinearizable, $"Register {verdict.Register}: {verdict.Explanation}");
        await cluster.WaitUntilDigestsAgreeAsync();
    }

    public static async Task EndsToBeStartedAgainAsync(LocalNode node)
    {
        await LocalCluster.EndedAsync(node);
        Assert.Equal(70, node.Process!.ExitCode);
        Assert.True(LocalCluster.SaidToStartAgain(node), LocalCluster.Said(node));
    }

    public static TimeSpan Seconds(string variable, int otherwise) =>
        TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable(variable) ?? $"{otherwise}", CultureInfo.InvariantCulture));

    public static async Task<LocalNode> LeaderOfMostAsync(LocalCluster cluster)
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
