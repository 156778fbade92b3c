using TokMesh.Linearizability;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation;

/// <summary>
/// The production runtime, three nodes in one process, on virtual time: elections, writes, crashes with loss of what was not
/// synced, restarts, cut links. The history must be linearizable and the replicas equal; the same seed must be the same run.
/// </summary>
public sealed class SimulationTests
{
    private sealed record Outcome(ulong Trace, int Operations, int Unknown, int Crashes, int Cuts, long Steps);

    public static TheoryData<int> Seeds()
    {
        var data = new TheoryData<int>();
        var count = int.Parse(Environment.GetEnvironmentVariable("TOKMESH_SEEDS") ?? "8");
        for (var seed = 1; seed <= count; seed++) data.Add(seed);
        return data;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Acknowledged_writes_survive_crashes_and_cuts(int seed)
    {
        var outcome = Run(seed, seconds: 30);
        Assert.True(outcome.Operations > 1000, $"Only {outcome.Operations} operations were answered.");
        Assert.True(outcome.Crashes > 2);
    }

    [Fact]
    public void The_same_seed_is_the_same_run() => Assert.Equal(Run(42, seconds: 15), Run(42, seconds: 15));

    [Fact]
    public void Different_seeds_are_different_runs() => Assert.NotEqual(Run(43, seconds: 5).Trace, Run(44, seconds: 5).Trace);

    [Fact]
    public void A_node_that_hands_over_leaves_every_group_with_a_leader_long_before_an_election_timeout()
    {
        var world = new VirtualWorld(nodes: 3, shards: 32, seed: 7);
        world.Run(3000);
        var leaving = world.Nodes[0];
        Assert.True(leaving.Node!.GroupsLed > 5);
        leaving.Node.HandOver();
        // An election timeout is 600 ms.
        world.Run(100);
        Assert.Equal(0, leaving.Node.GroupsLed);
        Assert.Equal(33, world.Nodes.Sum(n => n.Node!.GroupsLed));
        foreach (var node in world.Nodes.Skip(1)) Assert.InRange(node.Node!.GroupsLed, 12, 21);
        leaving.Crash();
        world.Run(100);
        Assert.Equal(33, world.Nodes.Where(n => n != leaving).Sum(n => n.Node!.GroupsLed));
    }

    private static Outcome Run(int seed, int seconds)
    {
        var world = new VirtualWorld(nodes: 3, shards: 8, seed);
        var history = new List<Operation>();
        var clients = Enumerable.Range(1, 8).Select(n => new RegisterClient(world, n, history)).ToArray();
        world.Run(2000);
        foreach (var client in clients) client.Start();
        var faults = new FaultSchedule(world);
        faults.Run(seconds * 1000);
        foreach (var client in clients) client.Stopped = true;
        faults.Settle();
        world.Run(8000);
        Assert.True(world.DigestsAgree(out var differences), $"Seed {seed}: replicas differ.\n{differences}");
        var verdict = Checker.Check(history);
        Assert.True(verdict.IsLinearizable, $"Seed {seed}: register {verdict.Register} is not linearizable: {verdict.Explanation}");
        return new Outcome(world.Time.Trace, clients.Sum(c => c.Answered), clients.Sum(c => c.Unknown), faults.Crashes, faults.Cuts, world.Time.Steps);
    }
}
