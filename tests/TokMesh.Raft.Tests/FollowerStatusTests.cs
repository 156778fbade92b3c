using TokMesh.Raft.Log;
using TokMesh.Raft.Options;
using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests;

/// <summary>What a leader tells its host of its followers.</summary>
public sealed class FollowerStatusTests
{
    [Fact]
    public void A_leader_knows_what_each_follower_has_and_since_when_it_is_silent()
    {
        var cluster = new Cluster(3);
        var leader = cluster.RunUntilLeader();
        var (near, far) = (cluster.Members.First(m => m != leader), cluster.Members.Last(m => m != leader));
        cluster.Run(300);
        Assert.All([near, far], m => Assert.Equal(leader.Group.Log.Last, leader.Group.FollowerOf(m.Id, cluster.Now)!.Value.Match));
        var before = leader.Group.Log.Last;
        Assert.True(cluster.Propose(leader, [1]));
        cluster.Run(1000, passes: m => m.To != far.Id && m.From != far.Id);
        var missed = leader.Group.FollowerOf(far.Id, cluster.Now)!.Value;
        Assert.Equal(before, missed.Match);
        Assert.InRange(missed.SilentMs, 1000, 1200);
        var present = leader.Group.FollowerOf(near.Id, cluster.Now)!.Value;
        Assert.Equal(leader.Group.Log.Last, present.Match);
        Assert.InRange(present.SilentMs, 0, 200);
    }

    [Fact]
    public void Whoever_does_not_lead_and_whoever_does_not_belong_has_no_status()
    {
        var cluster = new Cluster(3);
        var leader = cluster.RunUntilLeader();
        Assert.Null(leader.Group.FollowerOf(leader.Id, cluster.Now));
        Assert.Null(leader.Group.FollowerOf(new MemberId(9), cluster.Now));
        Assert.All(cluster.Members.Where(m => m != leader), m => Assert.Null(m.Group.FollowerOf(leader.Id, cluster.Now)));
    }

    [Fact]
    public void A_snapshot_on_its_way_counts_as_progress()
    {
        var cluster = new Cluster(3, options: new RaftOptions { SnapshotChunkBytes = 1 << 10, SnapshotWindow = 1 }) { SnapshotBody = static _ => new byte[1 << 20] };
        var leader = cluster.RunUntilLeader();
        var late = cluster.Members.First(m => m != leader);
        late.Crash();
        for (var i = 0; i < 50; i++) Assert.True(cluster.Propose(leader, new byte[100]));
        cluster.Run(500);
        leader.Compact(0);
        late.Start();
        var chunks = 0;
        cluster.Run(400, passes: m => m.Type != MessageType.SnapshotChunk || ++chunks <= 20);
        var status = leader.Group.FollowerOf(late.Id, cluster.Now)!.Value;
        Assert.InRange(status.SnapshotBytes, 1 << 10, 20 << 10);
        cluster.Run(3000);
        Assert.Equal(0, leader.Group.FollowerOf(late.Id, cluster.Now)!.Value.SnapshotBytes);
        Assert.Equal(leader.Group.Log.Last, leader.Group.FollowerOf(late.Id, cluster.Now)!.Value.Match);
    }
}
