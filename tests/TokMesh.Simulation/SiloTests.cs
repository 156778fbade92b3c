using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Meta;
using TokMesh.Raft.Log;
using TokMesh.Simulation.World;
using TokMesh.State.Keys;

namespace TokMesh.Simulation;

/// <summary>Links and groups do not depend on the membership of silos, whose table is in meta; nodes tell their silos of that.</summary>
public sealed class SiloTests
{
    [Fact]
    public void Groups_are_led_before_any_silo_has_joined_and_when_all_are_held_for_dead()
    {
        var world = new VirtualWorld(nodes: 3, shards: 4, seed: 51);
        world.Run(3000);
        Assert.True(world.Links.AreComplete);
        Write(world, "before");
        var terms = Terms(world);
        var silos = world.Nodes.Select((n, i) => new SiloRow($"{n.Id.Value}@1", i + 1, "joined", false, 1, 1)).ToArray();
        foreach (var silo in silos) Change(world, new SiloChange { Insert = silo });
        foreach (var silo in silos) Change(world, new SiloChange { Update = silo with { Version = silo.Version + 3, IsDead = true }, RowVersion = silo.Version });
        Write(world, "after");
        world.Run(5000);
        Assert.Equal(terms, Terms(world));
        Assert.All(world.Nodes, n => Assert.All(n.Node!.Meta!.Silos.Rows, r => Assert.True(r.IsDead)));
    }

    [Fact]
    public void While_meta_has_no_majority_no_silo_is_declared_dead_and_shards_that_have_one_go_on()
    {
        var world = new VirtualWorld(nodes: 5, shards: 2, seed: 53);
        world.Run(3000);
        Change(world, new SiloChange { Insert = new SiloRow("1@1", 1, "joined", false, 1, 1) });
        var members = world.Nodes[0].Node!.Map.Groups[1].Voters.Select(v => new MemberId(v)).ToArray();
        var down = world.Nodes.Where(n => !members.Contains(n.Id)).Append(world.Nodes.First(n => n.Id == members[2])).ToArray();
        foreach (var node in down) node.GoDown(Death.Killed);
        world.Run(3000);
        var alive = world.Nodes.First(n => n.Node is not null);
        var refused = world.WriteMeta(alive, MetaOps.ChangeSilos(new SiloChange { Update = new SiloRow("1@1", 2, "dead", true, 1, 1), RowVersion = 1 }));
        Assert.NotEqual(CallOutcome.Answered, refused.Outcome);
        Assert.True(WriteTo(world, alive, 1, "k").IsOk);
        foreach (var node in down) node.Start();
        world.Run(5000);
        // What had no answer may have happened, once; nothing else has.
        Assert.All(world.Nodes, n => Assert.Equal(n.Node!.Meta!.Silos.Rows[0].IsDead ? 2 : 1, n.Node!.Meta!.Silos.Version));
    }

    [Fact]
    public void A_silo_hears_of_the_membership_as_soon_as_its_node_has_caught_up()
    {
        var world = new VirtualWorld(nodes: 3, shards: 1, seed: 55);
        world.Run(3000);
        Change(world, new SiloChange { Insert = new SiloRow("1@1", 1, "joined", false, 1, 1) });
        world.Run(1000);
        var node = world.Nodes[1];
        node.GoDown(Death.Killed);
        Assert.True(node.Start());
        Assert.Null(node.Node!.Meta);
        var told = 0;
        node.Node.SilosChanged += () => told = node.Node.Meta?.Silos.Version ?? 0;
        world.Run(5000);
        Assert.Equal(1, told);
    }

    /// <summary>Frames vanish, and nobody has noticed: the connections still count as up.</summary>
    [Fact]
    public void A_leader_whose_connections_are_half_open_is_replaced_and_acknowledges_nothing()
    {
        var world = new VirtualWorld(nodes: 3, shards: 1, seed: 57);
        world.Run(3000);
        var leader = world.LeaderOf(1)!;
        var term = world.ReplicaOf(leader, 1)!.Raft.Term;
        foreach (var other in world.Nodes.Where(n => n != leader))
        {
            world.Network.Cut(leader.Id, other.Id);
            world.Network.Cut(other.Id, leader.Id);
        }
        var lost = leader.Store!.WriteAsync(1, b => KeyOps.Set(b, "k"u8, "lost"u8), leader.Node!.NowMs + 2000).AsTask();
        world.RunUntil(() => world.Nodes.Any(n => n != leader && n.Node!.Leads(1)), 5000);
        var next = world.Nodes.First(n => n != leader && n.Node!.Leads(1));
        Assert.True(world.ReplicaOf(next, 1)!.Raft.Term > term);
        Assert.True(WriteTo(world, next, 1, "kept").IsOk);
        Assert.False(AnswerTo(world, lost).IsOk);
        Assert.False(leader.Node!.Leads(1));
    }

    private static Term[] Terms(VirtualWorld world) => [.. Enumerable.Range(0, world.GroupCount).Select(g => world.ReplicaOf(world.LeaderOf((uint)g)!, (uint)g)!.Raft.Term)];

    private static void Write(VirtualWorld world, string value)
    {
        foreach (var node in world.Nodes)
            for (uint group = 1; group < world.GroupCount; group++) Assert.True(WriteTo(world, node, group, value).IsOk);
    }

    private static StoreReply WriteTo(VirtualWorld world, VirtualNode node, uint group, string value)
    {
        var task = node.Store!.WriteAsync(group, b => KeyOps.Set(b, "k"u8, System.Text.Encoding.UTF8.GetBytes(value)), node.Node!.NowMs + 3000).AsTask();
        return AnswerTo(world, task);
    }

    private static StoreReply AnswerTo(VirtualWorld world, Task<StoreReply> call)
    {
        world.RunUntil(() => call.IsCompleted, 4000, stepMs: 10);
        return call.Result;
    }

    private static void Change(VirtualWorld world, SiloChange change)
    {
        var reply = world.WriteMeta(world.Nodes[0], MetaOps.ChangeSilos(change));
        Assert.True(reply.IsOk, $"{reply.Error} {reply.Detail}");
    }
}
