using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using TokMesh.Linearizability;
using Xunit.Abstractions;

namespace TokMesh.EndToEnd;

/// <summary>
/// Three real processes, eight callers over both protocols for half a minute, and something going wrong every few seconds. Afterwards the
/// whole history must be linearizable, no acknowledged write missing, no revoked token valid, and all replicas equal.
/// </summary>
[Collection(MachineCollection.Name)]
public sealed class FaultTests(Machine machine, ITestOutputHelper output)
{
    private static TimeSpan Duration() => Seconds("TOKMESH_FAULT_SECONDS", 20);

    [Fact]
    public Task Acknowledged_writes_survive_kill_9_of_any_node() => RunAsync(Membership.Meta, Duration(), 4000, async (cluster, random, _) =>
    {
        var node = random.Next(2) == 0 ? await LeaderOfMostAsync(cluster) : cluster.Nodes[random.Next(3)];
        await LocalCluster.KillAsync(node);
        await Task.Delay(random.Next(200, 2500), CancellationToken.None);
        cluster.Start(node);
    });

    [Fact]
    public Task Acknowledged_writes_survive_a_node_frozen_for_three_seconds() => RunAsync(Membership.Meta, Duration(), 4000, async (cluster, random, _) =>
    {
        var node = random.Next(2) == 0 ? await LeaderOfMostAsync(cluster) : cluster.Nodes[random.Next(3)];
        LocalCluster.Pause(node);
        await Task.Delay(3000, CancellationToken.None);
        LocalCluster.Resume(node);
    });

    [Fact]
    public Task Acknowledged_writes_survive_cut_links() => RunAsync(Membership.Meta, Duration(), 4000, async (cluster, random, _) =>
    {
        var node = random.Next(2) == 0 ? await LeaderOfMostAsync(cluster) : cluster.Nodes[random.Next(3)];
        var how = random.Next(4);
        foreach (var other in cluster.Nodes.Where(n => n != node))
        {
            switch (how)
            {
                case 0: // Cut off in both directions.
                    cluster.Links.Cut(node.Id, other.Id);
                    break;
                case 1: // It hears nobody, and is heard.
                    cluster.Links.Hold(from: other.Id, to: node.Id);
                    break;
                case 2: // It is heard by nobody, and hears.
                    cluster.Links.Hold(from: node.Id, to: other.Id);
                    break;
                default: // One link alone, both ways.
                    cluster.Links.Cut(node.Id, other.Id);
                    goto cut;
            }
        }
    cut:
        await Task.Delay(random.Next(1000, 4000), CancellationToken.None);
        cluster.Links.Heal();
    });

    /// <summary>PostgreSQL tells silos of each other; what they store, and who leads, is none of its business.</summary>
    [SkippableFact]
    public async Task Reads_and_writes_go_on_while_PostgreSQL_is_away()
    {
        var away = Seconds("TOKMESH_OUTAGE_SECONDS", 60);
        await RunAsync(Membership.AdoNet, away + TimeSpan.FromSeconds(20), Timeout.Infinite, async (_, _, workload) =>
        {
            await Task.Delay(5000, CancellationToken.None);
            await machine.Postgres.StopAsync(immediately: true, default);
            // In every tenth of the time: a cluster that stands still after a while has not gone on.
            for (var part = 1; part <= 10; part++)
            {
                var from = workload.Now;
                await Task.Delay(away / 10, CancellationToken.None);
                var answered = workload.History.Where(o => o.Invoked > from && o.Returned != Operation.Never).ToLookup(o => o.Kind);
                Assert.True(answered[OperationKind.Write].Any(), $"In part {part} of 10 no write was answered: {workload.Refusals}");
                Assert.True(answered[OperationKind.Read].Any(), $"In part {part} of 10 no read was answered: {workload.Refusals}");
            }
            await machine.PostgresAsync();
        });
    }

    /// <summary>
    /// Orleans' membership says that a silo is dead while it lives and leads: for seconds the others no longer speak to it, or still do, each as
    /// far as it has heard, until the silo reads it too and ends.
    /// </summary>
    [SkippableFact]
    public Task No_promise_is_broken_when_silos_are_declared_dead_while_they_live() => RunAsync(Membership.AdoNet, Duration(), 1000, async (cluster, random, _) =>
    {
        var node = random.Next(2) == 0 ? await LeaderOfMostAsync(cluster) : cluster.Nodes[random.Next(3)];
        await cluster.WaitUntilAsync($"the silo of {node.Id} is active", () => cluster.Silos.IsActiveAsync(node));
        await cluster.Silos.DeclareDeadAsync(node);
        await EndsToBeStartedAgainAsync(node);
        cluster.Start(node);
        await cluster.WaitUntilReadyAsync();
    });

    /// <summary>With Orleans' own limits that takes 38 s.</summary>
    [SkippableFact]
    public async Task A_silo_that_is_frozen_is_buried_and_ends_when_it_thaws()
    {
        await using var cluster = await LocalCluster.StartAsync(machine, Membership.AdoNet, 3);
        var node = cluster.Nodes[0];
        await cluster.WaitUntilActiveAsync();
        var clock = Stopwatch.StartNew();
        LocalCluster.Pause(node);
        while (!await cluster.Silos.IsBuriedAsync(node))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "It was not buried in 30 s.");
            await Task.Delay(250);
        }
        output.WriteLine($"Buried after {clock.Elapsed.TotalSeconds:F1} s");
        LocalCluster.Resume(node);
        await EndsToBeStartedAgainAsync(node);
        cluster.Start(node);
        await cluster.WaitUntilReadyAsync();
    }

    /// <summary>Longer than the others take to bury it, in a table that they keep themselves.</summary>
    [Fact]
    public async Task A_silo_that_is_frozen_for_long_ends_when_it_thaws_and_comes_back()
    {
        await using var cluster = await LocalCluster.StartAsync(3);
        var node = cluster.Nodes[0];
        await cluster.WaitUntilActiveAsync();
        LocalCluster.Pause(node);
        await Task.Delay(TimeSpan.FromSeconds(16));
        LocalCluster.Resume(node);
        await EndsToBeStartedAgainAsync(node);
        cluster.Start(node);
        await cluster.WaitUntilReadyAsync();
    }

    private async Task RunAsync(Membership membership, TimeSpan duration, int everyMs, Func<LocalCluster, Random, Workload, Task> fault)
    {
        await using var cluster = await LocalCluster.StartAsync(machine, membership, 3);
        var workload = new Workload(cluster);
        using var stop = new CancellationTokenSource(duration);
        var running = workload.RunAsync(stop.Token);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var faults = 0;
        while (!stop.IsCancellationRequested)
        {
            var next = Task.Delay(everyMs, stop.Token);
            cluster.Revive();
            await fault(cluster, random, workload);
            faults++;
            await Task.WhenAny(next);
        }
        await running;
        await cluster.WaitUntilReadyAsync();
        await cluster.WaitUntilDigestsAgreeAsync();
        await workload.ReadEverythingAsync();
        output.WriteLine($"{workload.Answered} answers, {faults} faults, {workload.History.Count(o => o.Returned == Operation.Never)} unknown; refused: {workload.Refusals}; seed {seed}");
        var verdict = Checker.Check(workload.History);
        Assert.True(verdict.IsLinearizable, $"Register {verdict.Register}: {verdict.Explanation}");
        Assert.True(workload.Answered > duration.TotalSeconds * 50, $"Only {workload.Answered} operations were answered: {workload.Refusals}");
        await cluster.WaitUntilDigestsAgreeAsync();
    }

    private static async Task EndsToBeStartedAgainAsync(LocalNode node)
    {
        await LocalCluster.EndedAsync(node);
        Assert.Equal(70, node.Process!.ExitCode);
        Assert.True(LocalCluster.SaidToStartAgain(node), LocalCluster.Said(node));
    }

    private static TimeSpan Seconds(string variable, int otherwise) =>
        TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable(variable) ?? $"{otherwise}", CultureInfo.InvariantCulture));

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
