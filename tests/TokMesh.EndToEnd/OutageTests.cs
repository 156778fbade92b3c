using System.Diagnostics;
using TokMesh.Linearizability;
using Xunit.Abstractions;

namespace TokMesh.EndToEnd;

/// <summary>What takes long to be noticed, or must not be.</summary>
[Collection(MachineCollection.Name)]
[Trait(Row.Trait, Row.Beside)]
public sealed class OutageTests(Machine machine, ITestOutputHelper output)
{
    /// <summary>PostgreSQL tells silos of each other; what they store, and who leads, is none of its business.</summary>
    [SkippableFact]
    public async Task Reads_and_writes_go_on_while_PostgreSQL_is_away()
    {
        var away = FaultRun.Seconds("TOKMESH_OUTAGE_SECONDS", 60);
        await FaultRun.RunAsync(machine, output, Membership.AdoNet, TimeSpan.Zero, (int)away.TotalMilliseconds + 20_000, async (_, _, workload) =>
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
        }, pauseMs: 50);
    }

    /// <summary>With Orleans' own limits that takes 38 s.</summary>
    [SkippableFact]
    public async Task A_silo_that_is_frozen_is_declared_dead_and_ends_when_it_thaws()
    {
        await using var cluster = await LocalCluster.StartAsync(machine, Membership.AdoNet, 3);
        var node = cluster.Nodes[0];
        await cluster.WaitUntilActiveAsync();
        var clock = Stopwatch.StartNew();
        LocalCluster.Pause(node);
        while (!await cluster.Silos.IsDeclaredDeadAsync(node))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "It was not declared dead in 30 s.");
            await Task.Delay(250);
        }
        output.WriteLine($"Declared dead after {clock.Elapsed.TotalSeconds:F1} s");
        LocalCluster.Resume(node);
        await FaultRun.EndsToBeStartedAgainAsync(node);
        cluster.Start(node);
        await cluster.WaitUntilReadyAsync();
    }

    /// <summary>Longer than the others take to declare it dead, in a table that they keep themselves.</summary>
    [Fact]
    public async Task A_silo_that_is_frozen_for_long_ends_when_it_thaws_and_comes_back()
    {
        await using var cluster = await LocalCluster.StartAsync(3);
        var node = cluster.Nodes[0];
        await cluster.WaitUntilActiveAsync();
        LocalCluster.Pause(node);
        await Task.Delay(TimeSpan.FromSeconds(16));
        LocalCluster.Resume(node);
        await FaultRun.EndsToBeStartedAgainAsync(node);
        cluster.Start(node);
        await cluster.WaitUntilReadyAsync();
    }
}
