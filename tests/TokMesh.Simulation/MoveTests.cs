using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation;

/// <summary>Groups that move to nodes which did not carry them: by membership changes alone, while nodes crash.</summary>
public sealed class MoveTests
{
    [Fact]
    public void A_group_moves_to_a_node_that_never_carried_it_and_both_survive_a_restart()
    {
        var world = new VirtualWorld(nodes: 4, shards: 8, seed: 11);
        world.Run(3000);
        var group = Enumerable.Range(1, 8).Select(g => (uint)g).First(g => world.ReplicaOf(world.Nodes[3], g) is null);
        var newcomer = world.Nodes[3];
        world.ChangeMembers(group, Configuration.Of([new(1), new(2), new(3)], [newcomer.Id]));
        world.Run(1000);
        Assert.True(world.ReplicaOf(newcomer, group)!.Raft.Log.Applied > LogIndex.Zero);
        newcomer.GoDown(Death.PowerCut);
        world.Run(500);
        newcomer.Start();
        world.Run(1000);
        var leaving = world.LeaderOf(group)!;
        world.ChangeMembers(group, Configuration.Of(world.Nodes.Where(n => n != leaving).Select(n => n.Id)));
        world.Run(3000);
        var leader = world.LeaderOf(group)!;
        Assert.NotEqual(leaving, leader);
        Assert.Equal([.. world.Nodes.Where(n => n != leaving).Select(n => n.Id)], world.ReplicaOf(leader, group)!.Raft.Configuration.Voters);
        foreach (var node in world.Nodes) node.GoDown(Death.PowerCut);
        foreach (var node in world.Nodes) node.Start();
        world.Run(3000);
        leader = world.LeaderOf(group)!;
        Assert.NotEqual(leaving, leader);
        foreach (var node in world.Nodes.Where(n => n != leaving))
            Assert.Equal(world.ReplicaOf(leader, group)!.Raft.Log.Applied, world.ReplicaOf(node, group)!.Raft.Log.Applied);
    }
}
