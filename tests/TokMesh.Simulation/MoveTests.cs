using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation;

/// <summary>Groups that move to nodes which did not carry them, while nodes crash: by membership changes alone, and as meta has planned.</summary>
public sealed class MoveTests
{
    private const int Group = 1;

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

    [Fact]
    public void A_planned_move_is_carried_out_and_what_is_not_needed_any_more_is_deleted_for_good()
    {
        var world = new VirtualWorld(nodes: 6, shards: 4, seed: 13);
        world.Run(3000);
        var began = Voters(world);
        var others = world.Nodes.Select(n => n.Id.Value).Except(began).ToArray();
        Plan(world, others);
        Assert.True(world.RunUntil(() => HasMoved(world, others), 10_000));
        Assert.True(world.RunUntil(() => began.All(n => Replica(world, n) is null), 5_000));
        Assert.True(world.RunUntil(() => world.Nodes.All(n => n.Node!.Map.Groups[Group].Removed is null), 5_000));
        foreach (var node in world.Nodes) node.GoDown(Death.PowerCut);
        foreach (var node in world.Nodes) node.Start();
        world.Run(3000);
        Assert.All(began, n => Assert.Null(Replica(world, n)));
        Assert.All(began, n => Assert.DoesNotContain(world.Nodes[(int)n - 1].Node!.Recovery.Groups.Keys, g => g == (uint)Group));
        Assert.True(HasMoved(world, others));
    }

    [Fact]
    public void A_node_that_is_given_again_what_it_has_deleted_begins_anew_in_a_later_term_and_knows_where_it_was_left_out()
    {
        var world = new VirtualWorld(nodes: 4, shards: 2, seed: 17);
        world.Run(3000);
        var began = Voters(world);
        var leader = world.LeaderOf(Group)!.Id.Value;
        var leaving = began.First(n => n != leader);
        var term = Replica(world, leaving)!.Raft.Term;
        Plan(world, [.. began.Where(n => n != leaving)]);
        Assert.True(world.RunUntil(() => Replica(world, leaving) is null && world.Nodes.All(n => n.Node!.Map.Groups[Group].Removed is null), 10_000));
        var version = world.Nodes[0].Node!.Map.Groups[Group].Version;
        Assert.Equal(leader, world.LeaderOf(Group)!.Id.Value);
        world.Nodes[(int)leaving - 1].GoDown(Death.PowerCut);
        world.Nodes[(int)leaving - 1].Start();
        world.Run(2000);
        Plan(world, began);
        // Its first answer ends the term in which it may have acknowledged what it does not have any more.
        Assert.True(world.RunUntil(() => HasMoved(world, began), 10_000));
        Assert.True(world.LeaderOf(Group)!.Node!.Map.Groups[Group].Version > version);
        Assert.True(Replica(world, leaving)!.Raft.Term > term);
        Assert.True(world.RunUntil(() => Replica(world, leaving)!.Raft.Log.Applied == world.ReplicaOf(world.LeaderOf(Group)!, Group)!.Raft.Log.Applied, 5_000));
    }

    [Fact]
    public void While_a_node_that_is_to_get_a_shard_is_down_nothing_is_lost_and_it_moves_when_it_is_back()
    {
        var world = new VirtualWorld(nodes: 4, shards: 2, seed: 19);
        world.Run(3000);
        var began = Voters(world);
        var newcomer = world.Nodes.First(n => !began.Contains(n.Id.Value));
        newcomer.GoDown(Death.Killed);
        uint[] target = [.. began.Skip(1), newcomer.Id.Value];
        Plan(world, target);
        world.Run(10_000);
        var configuration = world.ReplicaOf(world.LeaderOf(Group)!, Group)!.Raft.Configuration;
        Assert.Equal(began, configuration.Voters.Select(v => v.Value));
        Assert.Equal([newcomer.Id], configuration.Learners);
        newcomer.Start();
        Assert.True(world.RunUntil(() => HasMoved(world, target), 10_000));
    }

    [Fact]
    public void A_plan_that_is_given_up_half_way_leaves_no_learner()
    {
        var world = new VirtualWorld(nodes: 5, shards: 2, seed: 23);
        world.Run(3000);
        var began = Voters(world);
        var newcomer = world.Nodes.First(n => !began.Contains(n.Id.Value));
        newcomer.GoDown(Death.Killed);
        Plan(world, [.. began.Skip(1), newcomer.Id.Value]);
        world.Run(3_000);
        Assert.True(world.WriteMeta(world.Nodes.First(n => n != newcomer), MetaOps.ChangeMap(new MapChange { Cancel = (uint)Group - 1 })).IsOk);
        Assert.True(world.RunUntil(() => world.LeaderOf(Group) is { } leader && world.ReplicaOf(leader, Group)!.Raft.Configuration.Learners.Count == 0, 5_000));
        newcomer.Start();
        // It may never have heard of the group: then it deletes nothing, and says so.
        Assert.True(world.RunUntil(() => world.Nodes.All(n => n.Node!.Map.Groups[Group].Removed is null), 10_000));
        Assert.Equal(began, Voters(world));
        Assert.Null(Replica(world, newcomer.Id.Value));
    }

    private static uint[] Voters(VirtualWorld world) => [.. world.ReplicaOf(world.LeaderOf(Group)!, Group)!.Raft.Configuration.Voters.Select(v => v.Value)];

    private static Replica? Replica(VirtualWorld world, uint node) => world.ReplicaOf(world.Nodes[(int)node - 1], Group);

    private static bool HasMoved(VirtualWorld world, IEnumerable<uint> voters) => world.LeaderOf(Group) is not null && Voters(world).SequenceEqual(voters.Order())
        && world.Nodes.All(n => n.Node!.Map.Moves.Count == 0);

    private static void Plan(VirtualWorld world, uint[] voters)
    {
        var reply = world.WriteMeta(world.Nodes.First(n => n.Node is not null), MetaOps.ChangeMap(new MapChange { Plan = PlannedMove.New(Group - 1, voters) }));
        Assert.True(reply.IsOk, $"{reply.Error} {reply.Detail}");
    }
}
