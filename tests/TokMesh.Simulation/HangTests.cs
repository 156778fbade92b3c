using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Disks;
using TokMesh.Raft.Log;
using TokMesh.Simulation.World;
using TokMesh.State.Keys;

namespace TokMesh.Simulation;

/// <summary>Disks that hang: the node hands over what it leads, stands for nothing, and leads again when its disk has answered for a while.</summary>
public sealed class HangTests
{
    private const int Shards = 8;
    private readonly VirtualWorld _world = new(nodes: 3, shards: Shards, seed: 3);
    private readonly List<Task<StoreReply>> _writes = [];

    public HangTests() => _world.Run(3000);

    [Fact]
    public void What_a_node_with_a_hanging_disk_leads_is_led_elsewhere_within_a_second_and_a_half_and_goes_on()
    {
        var hung = _world.Nodes.MaxBy(n => n.Node!.GroupsLed)!;
        var others = _world.Nodes.Where(n => n != hung).ToArray();
        hung.HangUs = 20_000_000;
        WriteEverywhere(hung);
        _world.Run(1500);
        Assert.Equal(DiskState.Hangs, hung.Node!.Disk.State);
        Assert.Equal(0, hung.Node.GroupsLed);
        Assert.Equal(Shards + 1, others.Sum(n => n.Node!.GroupsLed));
        // What was under way is answered, and what comes now is too, also through the node itself.
        for (var i = 0; i < 10; i++)
        {
            WriteEverywhere(_world.Nodes[i % 3]);
            _world.Run(300);
        }
        Assert.True(_world.RunUntil(() => _writes.All(w => w.IsCompleted), 2000));
        Assert.All(_writes, w => Assert.True(w.Result.IsOk, $"{w.Result.Outcome} {w.Result.Error}"));
        Assert.Equal(0, hung.Node.GroupsLed);
        _world.RunUntil(() => hung.Node.Disk.State == DiskState.Answers, 30_000);
        Assert.Equal(DiskState.Answers, hung.Node.Disk.State);
        foreach (var other in others) other.Node!.HandOver(isLast: true);
        _world.Run(2000);
        Assert.True(hung.Node.GroupsLed > 0);
        Assert.True(_world.RunUntil(() => _world.DigestsAgree(out _), 5000));
    }

    [Fact]
    public void A_node_whose_disk_hangs_does_not_stand_even_when_nobody_else_can()
    {
        var hung = _world.Nodes[0];
        hung.HangUs = 5_000_000;
        WriteEverywhere(hung);
        _world.Run(1500);
        // One of the two that are left: no majority of disks answers, so nobody leads.
        _world.Nodes[1].GoDown(Death.Killed);
        _world.Run(2000);
        Assert.Equal(0, hung.Node!.GroupsLed);
        _world.Run(8000);
        Assert.Equal(Shards + 1, hung.Node.GroupsLed + _world.Nodes[2].Node!.GroupsLed);
    }

    [Fact]
    public void What_comes_while_a_leaders_disk_hangs_goes_out_to_the_others_all_the_same()
    {
        var hung = _world.Nodes.MaxBy(n => n.Node!.GroupsLed)!;
        var led = Enumerable.Range(1, Shards).Select(g => (uint)g).Where(g => _world.LeaderOf(g) == hung).ToArray();
        hung.HangUs = 20_000_000;
        WriteEverywhere(hung);
        _world.Run(50);
        var before = led.ToDictionary(g => g, LastElsewhere);
        WriteEverywhere(hung);
        _world.Run(250);
        Assert.Equal(DiskState.Answers, hung.Node!.Disk.State);
        Assert.All(led, g => Assert.True(LastElsewhere(g) > before[g], $"Nothing of group {g} has reached the others."));

        LogIndex LastElsewhere(uint group) => _world.Nodes.Where(n => n != hung).Max(n => _world.ReplicaOf(n, group)!.Raft.Log.Last);
    }

    [Fact]
    public void A_follower_whose_disk_hangs_is_not_waited_for()
    {
        var hung = _world.Nodes.MinBy(n => n.Node!.GroupsLed)!;
        hung.Node!.HandOver(isLast: true);
        _world.Run(500);
        Assert.Equal(0, hung.Node.GroupsLed);
        hung.HangUs = 10_000_000;
        for (var i = 0; i < 10; i++)
        {
            WriteEverywhere(_world.Nodes.First(n => n != hung));
            _world.Run(100);
        }
        Assert.True(_world.RunUntil(() => _writes.All(w => w.IsCompleted), 200));
        Assert.All(_writes, w => Assert.True(w.Result.IsOk));
    }

    [Fact]
    public void A_disk_that_is_slow_costs_no_leadership()
    {
        // Until leaders are even: what is given away after that would be for the disk.
        _world.Run(15_000);
        var slow = _world.Nodes.MaxBy(n => n.Node!.GroupsLed)!;
        var led = slow.Node!.GroupsLed;
        slow.SlowDiskUs = 400_000;
        for (var i = 0; i < 100; i++)
        {
            WriteEverywhere(slow);
            _world.Run(300);
        }
        Assert.Equal(DiskState.Answers, slow.Node.Disk.State);
        Assert.Equal(led, slow.Node.GroupsLed);
    }

    private void WriteEverywhere(VirtualNode through)
    {
        for (uint group = 1; group <= Shards; group++)
            _writes.Add(through.Store!.WriteAsync(group, b => KeyOps.Set(b, "k"u8, "v"u8), through.MonotonicMs + 5000).AsTask());
    }
}
