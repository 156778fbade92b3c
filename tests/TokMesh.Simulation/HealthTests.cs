using TokMesh.Cluster.Disks;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Simulation.World;
using TokMesh.State.Keys;

namespace TokMesh.Simulation;

/// <summary>What nodes say is wrong is what is wrong, on every node, and nothing is said when nothing is.</summary>
public sealed class HealthTests
{
    private const int Groups = 17;

    [Fact]
    public void A_new_cluster_becomes_well_and_nothing_is_raised_on_the_way_but_that_it_starts()
    {
        var world = new VirtualWorld(nodes: 3, shards: Groups - 1, seed: 21);
        for (var ms = 0; ms < 60_000; ms += 100)
        {
            world.Run(100);
            foreach (var node in world.Nodes)
                Assert.All(node.Node!.Health.Own, c => Assert.Equal(HealthCode.Starting, c.Code));
        }
        Assert.All(world.Nodes, n => Assert.Empty(Conditions(n)));
        // Long quiescent: what nobody speaks in is not unhealthy.
        Assert.All(world.Nodes.SelectMany(n => n.Node!.Lanes).SelectMany(l => l.Replicas), r => Assert.True(r.Raft.IsQuiescent));
    }

    [Fact]
    public void To_look_wakes_no_quiescent_group()
    {
        var world = new VirtualWorld(nodes: 3, shards: Groups - 1, seed: 22);
        world.Run(10_000);
        for (var ms = 0; ms < 30_000; ms += 10)
        {
            world.Run(10);
            Assert.All(world.Nodes.SelectMany(n => n.Node!.Lanes).SelectMany(l => l.Replicas), r => Assert.True(r.Raft.IsQuiescent));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_node_that_is_gone_is_named_on_every_other_and_so_is_every_group_without_a_margin(bool killed)
    {
        var world = Well(nodes: 3, seed: 23);
        var gone = world.Nodes[1];
        if (killed) gone.GoDown(Death.Killed);
        else gone.Pause();
        foreach (var node in world.Nodes.Where(n => n != gone))
        {
            Assert.True(world.RunUntil(() => Find(node, HealthCode.MemberSilent) is not null && Find(node, HealthCode.NoMargin)?.Groups == Groups, 8_000), Said(node));
            Assert.Equal(gone.Id, Find(node, HealthCode.MemberSilent)!.Subject);
            Assert.Equal(gone.Id, Find(node, HealthCode.FollowerUnreachable)!.Subject);
            Assert.Equal(Severity.Warning, node.Node!.Health.Cluster().Worst);
            Assert.Empty(node.Node.Health.UnreadyBecause());
            Assert.True(node.Node.Health.Cluster().Reports.Single(r => r.Node == gone.Id).IsStale);
        }
        if (killed) gone.Start();
        else gone.Resume();
        Assert.True(world.RunUntil(() => world.Nodes.All(n => Conditions(n).Count == 0), 20_000), Said(world.Nodes[0]));
    }

    [Fact]
    public void Without_a_majority_every_group_is_named_and_its_return_is_seen()
    {
        var world = Well(nodes: 3, seed: 24);
        world.Nodes[0].GoDown(Death.PowerCut);
        world.Nodes[1].GoDown(Death.PowerCut);
        var left = world.Nodes[2];
        Assert.True(world.RunUntil(() => Find(left, HealthCode.MajorityLost)?.Groups == Groups, 10_000), Said(left));
        Assert.Null(Find(left, HealthCode.NoLeader));
        Assert.Equal(Severity.Critical, left.Node!.Health.Cluster().Worst);
        world.Nodes[0].Start();
        Assert.True(world.RunUntil(() => Find(left, HealthCode.MajorityLost) is null && Find(left, HealthCode.NoMargin)?.Groups == Groups, 20_000), Said(left));
        world.Nodes[1].Start();
        Assert.True(world.RunUntil(() => world.Nodes.All(n => Conditions(n).Count == 0), 20_000), Said(left));
    }

    [Fact]
    public void Groups_all_of_whose_nodes_are_gone_are_named_by_those_that_hold_nothing_of_them()
    {
        var world = Well(nodes: 5, seed: 25);
        var group = Enumerable.Range(1, Groups - 1).Select(g => (uint)g).First();
        var holders = world.ReplicaOf(world.LeaderOf(group)!, group)!.Raft.Configuration.Voters;
        foreach (var node in world.Nodes.Where(n => holders.Contains(n.Id))) node.GoDown(Death.PowerCut);
        foreach (var node in world.Nodes.Where(n => n.Node is not null))
        {
            Assert.Null(world.ReplicaOf(node, group));
            Assert.True(world.RunUntil(() => Find(node, HealthCode.NoLeader)?.Examples.Contains(group) == true, 25_000), Said(node));
        }
    }

    [Fact]
    public void A_follower_that_hears_its_leader_and_gets_no_further_is_behind_and_then_stuck()
    {
        var world = Well(nodes: 3, seed: 26);
        var slow = world.Nodes.First(n => n != world.LeaderOf(1));
        var leader = world.LeaderOf(1)!;
        // Its lanes go on, its writes to disk take far longer than anybody waits.
        slow.SlowDiskUs = 400_000_000;
        var writing = world.Time.NowUs;
        var writer = leader.Store!;
        var calls = new List<Task>();
        for (var i = 0; i < 400 && Find(leader, HealthCode.ReplicaStuck) is null; i++)
        {
            calls.Add(writer.WriteAsync(1, b => KeyOps.Set(b, "key"u8, [(byte)i]), leader.MonotonicMs + 5_000).AsTask());
            world.Run(50);
        }
        // And whatever else changes meanwhile: what it led has other leaders.
        Assert.True(Find(leader, HealthCode.ReplicaStuck) is { } stuck && stuck.Subject == slow.Id && stuck.Examples.Contains(1u), Said(leader));
        Assert.True(calls.Count(c => c.IsCompletedSuccessfully) > 100);
        Assert.InRange(world.Time.NowUs - writing, LagTracker.StuckAfterMs * 1_000L, 2 * LagTracker.StuckAfterMs * 1_000L);
        Assert.Contains(1u, Find(leader, HealthCode.NoMargin)!.Examples);
        Assert.Equal(DiskState.Hangs, slow.Node!.Disk.State);
        Assert.True(world.RunUntil(() => slow.Node!.Health.UnreadyBecause().Contains(HealthCode.ReplicaStuck), 2_000));
    }

    [Fact]
    public void A_wrong_clock_is_named_on_every_node_until_it_is_right()
    {
        var world = Well(nodes: 3, seed: 27);
        var wrong = world.Nodes[2];
        wrong.Clock.WallOffsetMs = 60_000;
        foreach (var node in world.Nodes) world.JudgeClock(node);
        foreach (var node in world.Nodes)
        {
            Assert.True(world.RunUntil(() => Find(node, HealthCode.ClockDistrusted) is not null, 3_000), Said(node));
            Assert.Equal(wrong.Id, Find(node, HealthCode.ClockDistrusted)!.Subject);
            // It serves, by asking others.
            Assert.Empty(node.Node!.Health.UnreadyBecause());
        }
        wrong.Clock.WallOffsetMs = 0;
        foreach (var node in world.Nodes) world.JudgeClock(node);
        Assert.True(world.RunUntil(() => world.Nodes.All(n => Conditions(n).Count == 0), 10_000), Said(wrong));
    }

    [Fact]
    public void What_is_raised_on_one_node_shows_on_every_other()
    {
        var world = Well(nodes: 3, seed: 28);
        var hung = world.Nodes[1];
        hung.Node!.Health.Raise(HealthCode.DiskHung, detail: "fdatasync for 3 s");
        Assert.Equal([HealthCode.DiskHung], hung.Node.Health.UnreadyBecause());
        foreach (var node in world.Nodes)
        {
            Assert.True(world.RunUntil(() => Find(node, HealthCode.DiskHung) is not null, 1_500), Said(node));
            Assert.Equal((hung.Id, "fdatasync for 3 s"), (Find(node, HealthCode.DiskHung)!.Subject, Find(node, HealthCode.DiskHung)!.Detail));
        }
        hung.Node.Health.Clear(HealthCode.DiskHung);
        Assert.True(world.RunUntil(() => world.Nodes.All(n => Conditions(n).Count == 0), 8_000));
    }

    [Fact]
    public void Seconds_of_trouble_raise_nothing()
    {
        var world = Well(nodes: 3, seed: 29);
        for (var i = 0; i < 5; i++)
        {
            world.Nodes[i % 3].Pause();
            world.Run(900);
            world.Nodes[i % 3].Resume();
            world.Run(3_000);
        }
        Assert.All(world.Nodes, n => Assert.Empty(Conditions(n)));
    }

    private static VirtualWorld Well(int nodes, int seed)
    {
        var world = new VirtualWorld(nodes, shards: Groups - 1, seed);
        world.Run(15_000);
        Assert.All(world.Nodes, n => Assert.Empty(Conditions(n)));
        return world;
    }

    private static IReadOnlyList<SharedCondition> Conditions(VirtualNode node) => node.Node!.Health.Cluster().Conditions;

    private static Condition? Find(VirtualNode node, HealthCode code) => Conditions(node).FirstOrDefault(c => c.Condition.Code == code)?.Condition;

    private static string Said(VirtualNode node) => string.Join("\n", Conditions(node).Select(c => $"{c.Condition.Code.ToText()} {c.Condition.Describe(static n => $"n{n.Value}")}"));
}
