using Xunit.Abstractions;

namespace TokMesh.EndToEnd;

/// <summary>Something goes wrong every few seconds.</summary>
[Collection(MachineCollection.Name)]
public sealed class FaultTests(Machine machine, ITestOutputHelper output)
{
    [Fact]
    public Task Acknowledged_writes_survive_kill_9_of_any_node() => FaultRun.RunAsync(machine, output, Membership.Meta, FaultRun.Duration, 4000, async (cluster, random, _) =>
    {
        var node = random.Next(2) == 0 ? await FaultRun.LeaderOfMostAsync(cluster) : cluster.Nodes[random.Next(3)];
        await LocalCluster.KillAsync(node);
        await Task.Delay(random.Next(200, 2500), CancellationToken.None);
        cluster.Start(node);
    });

    [Fact]
    public Task Acknowledged_writes_survive_a_node_frozen_for_three_seconds() => FaultRun.RunAsync(machine, output, Membership.Meta, FaultRun.Duration, 4000, async (cluster, random, _) =>
    {
        var node = random.Next(2) == 0 ? await FaultRun.LeaderOfMostAsync(cluster) : cluster.Nodes[random.Next(3)];
        LocalCluster.Pause(node);
        await Task.Delay(3000, CancellationToken.None);
        LocalCluster.Resume(node);
    });

    [Fact]
    public Task Acknowledged_writes_survive_cut_links() => FaultRun.RunAsync(machine, output, Membership.Meta, FaultRun.Duration, 4000, async (cluster, random, _) =>
    {
        var node = random.Next(2) == 0 ? await FaultRun.LeaderOfMostAsync(cluster) : cluster.Nodes[random.Next(3)];
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

    /// <summary>
    /// Orleans' membership says that a silo is dead while it lives and leads: for seconds the others no longer speak to it, or still do, each as
    /// far as it has heard, until the silo reads it too and ends.
    /// </summary>
    [SkippableFact]
    public Task No_promise_is_broken_when_silos_are_declared_dead_while_they_live() => FaultRun.RunAsync(machine, output, Membership.AdoNet, FaultRun.Duration, 1000, async (cluster, random, _) =>
    {
        var node = random.Next(2) == 0 ? await FaultRun.LeaderOfMostAsync(cluster) : cluster.Nodes[random.Next(3)];
        await cluster.WaitUntilAsync($"the silo of {node.Id} is active", () => cluster.Silos.IsActiveAsync(node));
        await cluster.Silos.DeclareDeadAsync(node);
        await FaultRun.EndsToBeStartedAgainAsync(node);
        cluster.Start(node);
        await cluster.WaitUntilReadyAsync();
    });
}
