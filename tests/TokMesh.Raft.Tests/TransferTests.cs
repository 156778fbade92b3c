using TokMesh.Raft.Tests.Schedule;

namespace TokMesh.Raft.Tests;

/// <summary>Leadership transfer: the leader hands over to a voter that has everything, or leads on; nobody reads stale data on the way.</summary>
public sealed class TransferTests
{
    [Fact]
    public void A_voter_that_has_everything_takes_over_at_once()
    {
        var (cluster, leader, target, _) = Three();
        Assert.Equal(TransferStatus.Started, Transfer(leader, target));
        cluster.Run(20);
        AssertLeads(cluster, target, leader);
        Assert.Equal(MemberId.None, leader.Group.TransferTarget);
    }

    [Fact]
    public void Only_a_leader_can_hand_over()
    {
        var (cluster, leader, target, other) = Three();
        Assert.Equal(TransferStatus.NotLeader, Transfer(target, other));
        cluster.Run(50);
        Assert.Equal(Role.Leader, leader.Group.Role);
    }

    [Fact]
    public void The_target_is_voted_for_although_the_leader_lives()
    {
        // Check-quorum and loyalty protect a live leader against everybody but whom it chose.
        var (cluster, leader, target, other) = Three();
        Transfer(leader, target);
        cluster.Run(10, m => m.Type != MessageType.Vote || m.To == other.Id);
        AssertLeads(cluster, target, leader);
        Assert.Equal(target.Id, other.Group.Vote);
    }

    [Fact]
    public void A_slow_target_gets_what_it_lacks_first()
    {
        var (cluster, leader, target, _) = Three();
        for (var i = 0; i < 20; i++) cluster.Propose(leader, [(byte)i]);
        cluster.Run(50, m => m.To != target.Id);
        Transfer(leader, target);
        cluster.Run(450);
        AssertLeads(cluster, target, leader);
        cluster.Run(200);
        cluster.CheckConverged();
    }

    [Fact]
    public void A_target_that_needs_a_snapshot_takes_over_behind_it()
    {
        var (cluster, leader, target, _) = Three();
        target.Crash();
        for (var i = 0; i < 50; i++) cluster.Propose(leader, new byte[40]);
        cluster.Run(100);
        leader.Compact(keepBytes: 0);
        target.Start();
        cluster.Run(10);
        Transfer(leader, target);
        cluster.Run(500);
        Assert.Equal(1, cluster.SnapshotsInstalled);
        AssertLeads(cluster, target, leader);
    }

    [Fact]
    public void To_itself_changes_nothing()
    {
        var (cluster, leader, _, _) = Three();
        var term = leader.Group.Term;
        Assert.Equal(TransferStatus.AlreadyLeads, Transfer(leader, leader));
        cluster.Run(1000);
        Assert.Equal((Role.Leader, term), (leader.Group.Role, leader.Group.Term));
    }

    [Fact]
    public void A_stranger_is_refused()
    {
        var (cluster, leader, _, _) = Three();
        Assert.Equal(TransferStatus.NotVoter, leader.Group.Transfer(new MemberId(9)));
        Assert.True(cluster.Propose(leader, [1]));
    }

    [Fact]
    public void A_learner_is_refused()
    {
        var cluster = new Cluster(voters: 3, learners: 1);
        var leader = cluster.RunUntilLeader();
        Assert.Equal(TransferStatus.NotVoter, leader.Group.Transfer(new MemberId(4)));
        Assert.True(cluster.Propose(leader, [1]));
    }

    [Fact]
    public void A_leader_whose_target_is_gone_leads_on_after_an_election_timeout()
    {
        var (cluster, leader, target, _) = Three();
        var term = leader.Group.Term;
        target.Crash();
        cluster.Propose(leader, [1]);
        cluster.Run(10);
        Transfer(leader, target);
        Assert.False(cluster.Propose(leader, [2]));
        cluster.Run(cluster.Options.ElectionTimeoutMs + 20);
        Assert.Equal((Role.Leader, term), (leader.Group.Role, leader.Group.Term));
        Assert.Equal(MemberId.None, leader.Group.TransferTarget);
        Assert.True(cluster.Propose(leader, [2]));
    }

    [Fact]
    public void Nothing_is_proposed_while_handing_over()
    {
        var (cluster, leader, target, _) = HandingOver();
        var last = leader.Group.Log.Last;
        Assert.Equal(ProposeStatus.NotLeader, leader.Group.Propose(new byte[] { 2 }, out _));
        Assert.Equal(last, leader.Group.Log.Last);
    }

    [Fact]
    public void A_vote_of_a_higher_term_ends_it()
    {
        var (cluster, leader, target, other) = HandingOver();
        // The other one stands because of an older transfer.
        leader.Group.Step(new Message
        {
            Type = MessageType.Vote,
            From = other.Id,
            To = leader.Id,
            Term = leader.Group.Term.Next,
            Index = other.Group.Log.Last,
            LogTerm = other.Group.Log.LastTerm,
            Context = 1,
        }, [], [], cluster.Now);
        Assert.Equal(Role.Follower, leader.Group.Role);
        Assert.Equal(MemberId.None, leader.Group.TransferTarget);
    }

    [Fact]
    public void Back_to_itself_gives_it_up()
    {
        var (cluster, leader, target, _) = HandingOver();
        var term = leader.Group.Term;
        Assert.Equal(TransferStatus.AlreadyLeads, Transfer(leader, leader));
        Assert.True(cluster.Propose(leader, [2]));
        cluster.Run(1000);
        Assert.Equal((Role.Leader, term), (leader.Group.Role, leader.Group.Term));
    }

    [Fact]
    public void A_second_one_to_another_member_replaces_the_first()
    {
        var (cluster, leader, target, other) = HandingOver();
        Assert.Equal(TransferStatus.Started, Transfer(leader, other));
        cluster.Run(20, m => m.To != target.Id || m.Type == MessageType.Vote);
        AssertLeads(cluster, other, leader);
    }

    [Fact]
    public void A_second_one_to_the_same_member_does_not_begin_anew()
    {
        var (cluster, leader, target, _) = Three();
        target.Crash();
        cluster.Propose(leader, [1]);
        cluster.Run(10);
        Transfer(leader, target);
        cluster.Run(cluster.Options.ElectionTimeoutMs - 100);
        Transfer(leader, target);
        cluster.Run(120);
        Assert.Equal(MemberId.None, leader.Group.TransferTarget);
        Assert.True(cluster.Propose(leader, [2]));
    }

    [Fact]
    public void A_member_without_a_vote_does_not_stand_when_told_to()
    {
        var cluster = new Cluster(voters: 3, learners: 1);
        var leader = cluster.RunUntilLeader();
        var term = leader.Group.Term;
        cluster[4].Group.Step(new Message { Type = MessageType.TimeoutNow, From = leader.Id, To = cluster[4].Id, Term = term }, [], [], cluster.Now);
        Assert.Equal((Role.Follower, term), (cluster[4].Group.Role, cluster[4].Group.Term));
    }

    [Fact]
    public void A_member_that_must_not_lead_does_not_stand_when_told_to()
    {
        var (cluster, leader, target, _) = Three();
        target.Group.MayLead = false;
        Transfer(leader, target);
        cluster.Run(cluster.Options.ElectionTimeoutMs + 50);
        Assert.Equal(Role.Leader, leader.Group.Role);
        Assert.True(cluster.Propose(leader, [1]));
    }

    [Fact]
    public void Whoever_was_told_late_does_not_disturb_a_later_term()
    {
        var (cluster, leader, target, other) = Three();
        Transfer(leader, target);
        var told = cluster.Wire.Single(w => w.Message.Type == MessageType.TimeoutNow);
        cluster.Wire.Clear();
        cluster.Run(cluster.Options.ElectionTimeoutMs + 50);
        Assert.Equal(Role.Leader, leader.Group.Role);
        Transfer(leader, other);
        cluster.Run(20);
        var term = other.Group.Term;
        AssertLeads(cluster, other, leader);
        cluster.Wire.Add(told);
        cluster.Run(1000);
        Assert.Equal((Role.Leader, term), (other.Group.Role, other.Group.Term));
    }

    [Fact]
    public void A_leader_that_told_another_to_stand_never_again_answers_from_its_lease() // 49
    {
        var (cluster, leader, target, _) = Three();
        cluster.Run(100);
        Assert.True(leader.Group.HasLease(cluster.Now));
        Transfer(leader, target);
        Assert.False(leader.Group.HasLease(cluster.Now));
        // The others elect the target and commit; the old leader hears nothing of it and still thinks that it leads.
        cluster.Run(30, m => m.From != leader.Id && m.To != leader.Id || m.Type == MessageType.TimeoutNow);
        Assert.Equal((Role.Leader, Role.Leader), (leader.Group.Role, target.Group.Role));
        Assert.True(cluster.Propose(target, [7]));
        cluster.Run(30, m => m.From != leader.Id && m.To != leader.Id);
        Assert.True(target.Group.Log.Commit > leader.Group.Log.Commit);
        var read = cluster.Read(leader);
        Assert.True(read is null || cluster.IsPending(read.Value));
        // Nor when the transfer has been given up: the message may still be under way.
        cluster.Run(300, m => m.From != leader.Id && m.To != leader.Id);
        Assert.False(leader.Group.HasLease(cluster.Now));
    }

    private static (Cluster Cluster, Member Leader, Member Target, Member Other) Three()
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        cluster.Run(200);
        var others = cluster.Members.Where(m => m != leader).ToArray();
        return (cluster, leader, others[0], others[1]);
    }

    /// <summary>The target lacks an entry, so that the transfer is still under way.</summary>
    private static (Cluster Cluster, Member Leader, Member Target, Member Other) HandingOver()
    {
        var three = Three();
        three.Cluster.Propose(three.Leader, [1]);
        three.Cluster.Run(10, m => m.To != three.Target.Id);
        Transfer(three.Leader, three.Target);
        return three;
    }

    private static TransferStatus Transfer(Member from, Member to)
    {
        var status = from.Group.Transfer(to.Id);
        from.Group.Drain(from);
        return status;
    }

    private static void AssertLeads(Cluster cluster, Member expected, Member before)
    {
        Assert.Equal(Role.Leader, expected.Group.Role);
        cluster.Run(50);
        Assert.Equal((Role.Follower, expected.Id), (before.Group.Role, before.Group.Leader));
    }
}
