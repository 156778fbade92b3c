using TokMesh.Simulation.World;

namespace TokMesh.Simulation;

/// <summary>Leadership is spread over the nodes that run, soon after every failure, and stays where it is then.</summary>
public sealed class LeaderBalanceTests
{
    private const int WithinMs = 30_000;

    [Fact]
    public void Leaders_are_even_within_thirty_seconds_after_each_of_twenty_kills()
    {
        var world = new VirtualWorld(nodes: 3, shards: 32, seed: 41);
        world.Run(3000);
        for (var kill = 0; kill < 20; kill++)
        {
            var killed = world.Nodes[kill % 3];
            killed.GoDown(Death.Killed);
            Assert.True(world.RunUntil(() => IsEven(world), WithinMs), $"After kill {kill}: {Show(world)}");
            killed.Start();
            Assert.True(world.RunUntil(() => IsEven(world), WithinMs), $"After restart {kill}: {Show(world)}");
        }
    }

    [Fact]
    public void When_they_are_even_nobody_hands_over_any_more()
    {
        var world = new VirtualWorld(nodes: 5, shards: 40, seed: 43);
        world.Run(3000);
        world.Nodes[1].GoDown(Death.Killed);
        world.Run(5000);
        world.Nodes[1].Start();
        Assert.True(world.RunUntil(() => IsEven(world), WithinMs), Show(world));
        // What was given before the last report is over.
        world.Run(5000);
        var elections = world.Observers.Invariants.Elections;
        world.Run(60_000);
        Assert.Equal(elections, world.Observers.Invariants.Elections);
        Assert.True(IsEven(world), Show(world));
    }

    [Fact]
    public void A_node_whose_clock_is_off_is_given_nothing()
    {
        var world = new VirtualWorld(nodes: 3, shards: 12, seed: 47);
        world.Run(3000);
        var off = world.Nodes[2];
        off.Clock.WallOffsetMs += 60_000;
        world.JudgeClock(off);
        world.Run(20_000);
        Assert.Equal(0, Led(world, off));
        Assert.InRange(Led(world, world.Nodes[0]) - Led(world, world.Nodes[1]), -1, 1);
    }

    private static int Led(VirtualWorld world, VirtualNode node) => Enumerable.Range(0, world.GroupCount).Count(g => world.LeaderOf((uint)g) == node);

    private static bool IsEven(VirtualWorld world)
    {
        var led = world.Nodes.Where(n => n.Node is not null).Select(n => Led(world, n)).ToArray();
        return led.Sum() == world.GroupCount && led.Max() - led.Min() <= 1;
    }

    private static string Show(VirtualWorld world) => string.Join(' ', world.Nodes.Select(n => Led(world, n)));
}
