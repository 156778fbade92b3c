using TokMesh.Cluster.Meta;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation;

/// <summary>The map in meta follows what the groups do, and meta follows the map.</summary>
public sealed class MapTests
{
    [Fact]
    public void A_member_that_joins_gets_meta_and_one_that_leaves_loses_it()
    {
        var world = new VirtualWorld(nodes: 3, shards: 2, seed: 31);
        world.Run(3000);
        Change(world, new MapChange { Join = new Member(0, "tmnd-late", Guid.NewGuid(), "late:1", "", "") });
        world.Run(1000);
        Assert.Equal([new MemberId(4)], world.ReplicaOf(world.LeaderOf(0)!, 0)!.Raft.Configuration.Learners);
        Assert.All(world.Nodes, n => Assert.Equal([4u], n.Node!.Map.Groups[0].Learners));
        Assert.All(world.Nodes, n => Assert.Equal("tmnd-late", n.Node!.NodeIdOf(new(4))));
        // It does not run, and so has nothing of it yet.
        world.Run(5000);
        Assert.All(world.Nodes, n => Assert.Equal(MemberState.Joining, n.Node!.Map.MemberOf(new(4))!.State));
        Change(world, new MapChange { Leave = 4 });
        world.Run(1000);
        Assert.Empty(world.ReplicaOf(world.LeaderOf(0)!, 0)!.Raft.Configuration.Learners);
        Assert.All(world.Nodes, n => Assert.Empty(n.Node!.Map.Groups[0].Learners));
        Assert.All(world.Nodes, n => Assert.Null(n.Node!.NodeIdOf(new(4))));
    }

    [Fact]
    public void A_group_that_changes_while_meta_cannot_be_written_is_told_of_later()
    {
        var world = new VirtualWorld(nodes: 5, shards: 2, seed: 33);
        world.Run(3000);
        var members = world.Nodes[0].Node!.Map.Groups[1].Voters.Select(v => new MemberId(v)).ToArray();
        // Without these, meta has no majority of its five voters, and the shard has two of its three.
        var down = world.Nodes.Where(n => !members.Contains(n.Id)).Append(world.Nodes.First(n => n.Id == members[2])).ToArray();
        foreach (var node in down) node.GoDown(Death.Killed);
        world.Run(3000);
        var learner = down[0].Id;
        world.ChangeMembers(1, Configuration.Of(members, [learner]));
        // Longer than a call to meta waits.
        world.Run(8000);
        var leader = world.LeaderOf(1)!;
        Assert.Equal([learner], world.ReplicaOf(leader, 1)!.Raft.Configuration.Learners);
        Assert.Empty(leader.Node!.Map.Groups[1].Learners);
        foreach (var node in down) node.Start();
        world.Run(8000);
        Assert.All(world.Nodes, n => Assert.Equal([learner.Value], n.Node!.Map.Groups[1].Learners));
        Assert.All(world.Nodes, n => Assert.True(n.Node!.Map.Groups[1].Version > 0));
    }

    [Fact]
    public void A_call_finds_a_group_that_has_left_every_node_it_began_on()
    {
        var world = new VirtualWorld(nodes: 6, shards: 4, seed: 35);
        world.Run(3000);
        var began = world.Nodes[0].Node!.Map.Groups[1].Voters.Select(v => new MemberId(v)).ToArray();
        var target = world.Nodes.Select(n => n.Id).Except(began).ToArray();
        world.ChangeMembers(1, Configuration.Of(began, target));
        world.Run(1000);
        world.ChangeMembers(1, Configuration.Of(target));
        world.Run(3000);
        var numbers = target.Select(t => t.Value);
        Assert.All(world.Nodes, n => Assert.Equal(numbers, n.Node!.Map.Groups[1].Voters.Order()));
        Assert.All(world.Nodes, n => Assert.Equal(numbers, n.Node!.Map.LikelyReplicas(1).Take(3).Select(m => m.Value).Order()));
    }

    [Fact]
    public void What_a_leader_could_not_commit_is_not_told()
    {
        var world = new VirtualWorld(nodes: 5, shards: 16, seed: 37);
        world.Run(3000);
        // It leads meta, and keeps three of its five voters; of the shard it loses the two others.
        var leader = world.LeaderOf(0)!;
        var group = Enumerable.Range(1, 16).Select(g => (uint)g).First(g => world.LeaderOf(g) == leader);
        var voters = world.ReplicaOf(leader, group)!.Raft.Configuration.Voters;
        var learner = world.Nodes.First(n => !voters.Contains(n.Id)).Id;
        var others = voters.Where(v => v != leader.Id).ToArray();
        foreach (var other in others)
        {
            world.Network.Cut(leader.Id, other);
            world.Network.Cut(other, leader.Id);
        }
        world.Links.Look();
        leader.Node!.ChangeMembers(group, Configuration.Of(voters, [learner]), static (status, _) => Assert.Equal(ChangeStatus.Accepted, status));
        world.Run(4000);
        Assert.Equal(leader, world.LeaderOf(0));
        Assert.NotEqual(leader, world.LeaderOf(group));
        foreach (var other in others)
        {
            world.Network.Heal(leader.Id, other);
            world.Network.Heal(other, leader.Id);
        }
        world.Links.Look();
        world.Run(5000);
        Assert.All(world.Nodes, n => Assert.Empty(n.Node!.Map.Groups[(int)group].Learners));
        Assert.All(world.Nodes, n => Assert.True(n.Node!.Map.Groups[(int)group].Matches(world.ReplicaOf(world.LeaderOf(group)!, group)!.Raft.Configuration)));
    }

    private static void Change(VirtualWorld world, MapChange change)
    {
        var reply = world.WriteMeta(world.Nodes[0], MetaOps.ChangeMap(change));
        Assert.True(reply.IsOk, $"{reply.Error} {reply.Detail}");
    }
}
