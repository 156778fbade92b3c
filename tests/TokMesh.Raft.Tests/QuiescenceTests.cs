using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests;

/// <summary>Idle groups become quiescent, and wake when somebody needs them or their leader's node is lost; more of it is told by scenarios.</summary>
public sealed class QuiescenceTests
{
    private static readonly RaftOptions Options = new() { QuiesceAfterMs = 500 };

    [Fact]
    public void An_idle_group_becomes_quiescent_and_stays_so()
    {
        var cluster = Quiescent(3, out var leader);
        var sent = 0;
        cluster.Run(60_000, passes: _ => ++sent > 0);
        Assert.Equal(0, sent);
        Assert.Equal(leader, cluster.Leader);
        Assert.Equal(1, cluster.Elections);
        Assert.All(cluster.Members, m => Assert.True(m.Group.IsQuiescent));
    }

    [Fact]
    public void A_single_member_becomes_quiescent_too()
    {
        var cluster = Quiescent(1, out var leader);
        Assert.True(cluster.Propose(leader, [1]));
        cluster.Run(100);
        Assert.Equal(2UL, leader.Group.Log.Applied.Value);
    }

    [Fact]
    public void A_quiescent_leader_has_no_lease_and_asks_before_it_reads()
    {
        var cluster = Quiescent(3, out var leader);
        cluster.Run(1000);
        Assert.False(leader.Group.HasLease(cluster.Now));
        var read = cluster.Read(leader)!.Value;
        cluster.Run(10, passes: _ => false);
        Assert.True(cluster.IsPending(read));
        cluster.Run(200);
        Assert.False(cluster.IsPending(read));
        cluster.Run(2000);
        // One round trip, not one heartbeat interval: the round that wakes the group carries the read.
        read = cluster.Read(leader)!.Value;
        cluster.Run(10);
        Assert.False(cluster.IsPending(read));
        Assert.True(leader.Group.HasLease(cluster.Now));
    }

    [Fact]
    public void The_loss_of_the_leaders_node_wakes_its_followers_within_the_jitter()
    {
        var cluster = Quiescent(3, out var leader);
        leader.Crash();
        foreach (var m in cluster.Members) if (m != leader) m.Group.LeaderLost(cluster.Now);
        cluster.Run(Options.ElectionJitterMs + 50);
        Assert.Equal(2, cluster.Elections);
        Assert.NotEqual(leader, cluster.Leader);
    }

    [Fact]
    public void A_call_that_reaches_a_quiescent_follower_wakes_the_leader()
    {
        var cluster = Quiescent(3, out var leader);
        var follower = cluster.Members.First(m => m != leader);
        follower.Group.Wake(cluster.Now);
        follower.Drain();
        cluster.Run(20);
        Assert.False(leader.Group.IsQuiescent);
        Assert.Equal(1, cluster.Elections);
    }

    [Fact]
    public void A_follower_that_was_woken_and_hears_nothing_campaigns()
    {
        var cluster = Quiescent(3, out var leader);
        leader.Crash();
        cluster.Members.First(m => m != leader).Group.Wake(cluster.Now);
        cluster.Run(3000);
        Assert.Equal(2, cluster.Elections);
    }

    [Fact]
    public void A_leader_that_may_not_lead_any_more_says_so_before_it_goes()
    {
        var cluster = Quiescent(3, out var leader);
        leader.Group.MayLead = false;
        leader.Drain();
        cluster.Run(2000);
        Assert.NotEqual(leader, cluster.Leader);
        Assert.Equal(2, cluster.Elections);
    }

    [Fact]
    public void While_a_follower_is_away_the_group_stays_awake()
    {
        var cluster = Quiescent(3, out var leader);
        var away = cluster.Members.First(m => m != leader);
        away.Crash();
        Assert.True(cluster.Propose(leader, [1]));
        cluster.Run(5000);
        Assert.False(leader.Group.IsQuiescent);
        away.Start();
        cluster.Run(3000);
        Assert.All(cluster.Members, m => Assert.True(m.Group.IsQuiescent));
        cluster.CheckConverged();
    }

    [Fact]
    public void A_late_word_of_quiescence_does_not_count_after_new_traffic()
    {
        var cluster = new Cluster(3, options: Options);
        var leader = cluster.RunUntilLeader();
        var kept = new List<(Message, byte[])>();
        // Followers become quiescent, but the leader does not hear it.
        cluster.Run(2000, passes: m =>
        {
            if (m.Type != MessageType.HeartbeatReply || m.QuiescentTerm == Term.Zero) return true;
            kept.Add(cluster.Wire[0]);
            return false;
        });
        Assert.NotEmpty(kept);
        Assert.True(leader.Group.IsQuiescent is false || leader.Group.Role != Role.Leader);
        if (leader.Group.Role != Role.Leader) return;
        Assert.True(cluster.Propose(leader, [1]));
        foreach (var late in kept) cluster.Wire.Insert(0, late);
        cluster.Run(20, passes: m => m.Type == MessageType.HeartbeatReply);
        Assert.False(leader.Group.IsQuiescent);
        cluster.Run(500);
        cluster.CheckConverged();
    }

    [Fact]
    public void A_removed_member_that_asks_forever_does_not_keep_the_group_awake()
    {
        var cluster = new Cluster(4, options: Options);
        var leader = cluster.RunUntilLeader();
        var removed = cluster.Members.First(m => m != leader);
        Assert.Equal(ChangeStatus.Accepted, cluster.Change(leader, Configuration.Of(leader.Group.Configuration.Voters.Where(v => v != removed.Id))));
        cluster.Run(6000, passes: m => m.To != removed.Id);
        Assert.NotEqual(Role.Leader, removed.Group.Role);
        Assert.All(cluster.Members.Where(m => m != removed), m => Assert.True(m.Group.IsQuiescent));
    }

    private static Cluster Quiescent(int voters, out Member leader)
    {
        var cluster = new Cluster(voters, options: Options);
        leader = cluster.RunUntilLeader();
        cluster.Run(2000);
        Assert.All(cluster.Members, m => Assert.True(m.Group.IsQuiescent, $"Member {m.Id} keeps time."));
        return cluster;
    }
}
