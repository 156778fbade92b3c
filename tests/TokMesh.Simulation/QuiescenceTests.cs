using TokMesh.Cluster.Replicas;
using TokMesh.Raft.Outputs;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation;

/// <summary>Groups without work cost nothing on whole nodes, and are there again when they are needed.</summary>
public sealed class QuiescenceTests
{
    private const int Shards = 64;

    [Fact]
    public void What_idle_nodes_send_does_not_grow_with_the_number_of_their_groups()
    {
        var (few, many) = (SentInTenSeconds(shards: 4), SentInTenSeconds(shards: 64));
        // Two lanes of three nodes, to two others each, ten times a second.
        Assert.InRange(few, 1000, 1300);
        Assert.InRange(many, 1000, 1300);
    }

    [Fact]
    public void All_groups_of_a_node_send_their_heartbeats_in_one_frame()
    {
        var world = new VirtualWorld(nodes: 3, Shards, seed: 3);
        // Elected, and not yet quiescent: every group has heartbeats to send.
        world.Run(1500);
        Assert.All(Replicas(world), r => Assert.False(r.Raft.IsQuiescent));
        var before = world.Network.Delivered;
        world.Run(500);
        // A beat and its answer per lane, link and tenth of a second; not one per group.
        Assert.InRange(world.Network.Delivered - before, 50, 3 * 2 * 2 * 5 * 3);
    }

    [Fact]
    public void When_a_node_dies_its_quiescent_groups_have_other_leaders_soon()
    {
        var world = Quiescent();
        var dead = world.Nodes.MaxBy(n => n.Node!.GroupsLed)!;
        var elections = Replicas(world).Max(r => r.Raft.Term.Value);
        dead.GoDown(Death.Killed);
        world.Run(2000);
        Assert.Equal(Shards + 1, world.Nodes.Where(n => n != dead).Sum(n => n.Node!.GroupsLed));
        // Jitter and pre-votes keep the elections few: hardly any needs a second round.
        Assert.InRange(Replicas(world).Max(r => r.Raft.Term.Value), elections + 1, elections + 3);
    }

    [Fact]
    public void A_node_that_restarts_at_once_leaves_no_quiescent_group_without_a_leader()
    {
        var world = Quiescent();
        var node = world.Nodes.MaxBy(n => n.Node!.GroupsLed)!;
        node.GoDown(Death.Killed);
        node.Start();
        world.Run(2500);
        Assert.Equal(Shards + 1, world.Nodes.Sum(n => n.Node!.GroupsLed));
        // The node is given back a share of the groups first.
        world.RunUntil(() => Replicas(world).All(r => r.Raft.IsQuiescent), 30_000);
        Assert.All(Replicas(world), r => Assert.True(r.Raft.IsQuiescent));
    }

    [Fact]
    public void A_quiescent_leader_that_hears_no_majority_leads_no_more()
    {
        var world = Quiescent();
        var cutOff = world.Nodes.MaxBy(n => n.Node!.GroupsLed)!;
        Assert.True(cutOff.Node!.GroupsLed > 0);
        foreach (var other in world.Nodes.Where(n => n != cutOff))
        {
            world.Network.Cut(cutOff.Id, other.Id);
            world.Network.Cut(other.Id, cutOff.Id);
        }
        world.Links.Look();
        world.Run(3000);
        Assert.Equal(0, cutOff.Node.GroupsLed);
    }

    [Fact]
    public void Quiescent_groups_that_lose_one_of_three_stay_quiescent_where_they_are_led()
    {
        var world = Quiescent(balancesLeaders: false);
        var dead = world.Nodes.MinBy(n => n.Node!.GroupsLed)!;
        var led = Replicas(world).Where(r => r.Raft.Role == Role.Leader && r.Leader != dead.Id).ToArray();
        dead.GoDown(Death.Killed);
        world.Run(5000);
        Assert.All(led, r => Assert.True(r.Raft is { Role: Role.Leader, IsQuiescent: true }));
    }

    private static long SentInTenSeconds(int shards)
    {
        var world = new VirtualWorld(nodes: 3, shards, seed: 5);
        world.Run(10_000);
        var before = world.Network.Delivered;
        world.Run(10_000);
        return world.Network.Delivered - before;
    }

    private static VirtualWorld Quiescent(bool balancesLeaders = true)
    {
        var world = new VirtualWorld(new WorldPlan { Nodes = 3, Shards = Shards, Seed = 5, BalancesLeaders = balancesLeaders });
        world.Run(10_000);
        Assert.All(Replicas(world), r => Assert.True(r.Raft.IsQuiescent));
        return world;
    }

    private static IEnumerable<Replica> Replicas(VirtualWorld world) =>
        world.Nodes.Where(n => n.Node is not null).SelectMany(n => n.Node!.Lanes).SelectMany(l => l.Replicas);
}
