using TokMesh.Raft.Tests.Schedule;

namespace TokMesh.Raft.Tests;

/// <summary>Membership change: one majority at any time, whatever is lost or crashes in between. Numbers are those of the known bugs.</summary>
public sealed class MembershipTests
{
    [Fact]
    public void A_learner_that_has_caught_up_is_made_a_voter_in_one_step()
    {
        var cluster = new Cluster(voters: 3, strangers: 1);
        var leader = cluster.RunUntilLeader();
        Accept(cluster, leader, Of([1, 2, 3], [4]));
        cluster.Run(200);
        Accept(cluster, leader, Of([1, 2, 3, 4]));
        Assert.False(leader.Group.Configuration.IsJoint);
        cluster.Run(200);
        AssertEverywhere(cluster, Of([1, 2, 3, 4]), 1, 2, 3, 4);
    }

    [Fact]
    public void More_than_one_voter_changes_through_a_joint_configuration_that_is_left_by_itself()
    {
        var cluster = new Cluster(voters: 3, strangers: 2);
        var leader = cluster.RunUntilLeader();
        Accept(cluster, leader, Of([1, 2, 3], [4, 5]));
        cluster.Run(200);
        Accept(cluster, leader, Of([1, 2, 3, 4, 5]));
        Assert.True(leader.Group.Configuration.IsJoint);
        Assert.Equal(ChangeStatus.InProgress, cluster.Change(leader, Of([1, 2, 3])));
        cluster.Run(200);
        AssertEverywhere(cluster, Of([1, 2, 3, 4, 5]), 1, 2, 3, 4, 5);
    }

    [Fact]
    public void A_leader_that_crashes_in_joint_leaves_exactly_one_leave_behind() // 28
    {
        var cluster = new Cluster(voters: 3, strangers: 2);
        var leader = cluster.RunUntilLeader();
        Accept(cluster, leader, Of([1, 2, 3], [4, 5]));
        cluster.Run(200);
        Accept(cluster, leader, Of([1, 2, 3, 4, 5]));
        // The joint entry reaches everybody; nobody hears that it is committed.
        cluster.Run(10, m => m.Type != MessageType.AppendReply);
        leader.Crash();
        cluster.Wire.Clear();
        for (var i = 0; i < 40 && cluster.Leader is not { Group.IsEstablished: true }; i++)
        {
            cluster.Run(50);
            if (cluster.Leader is { } l) cluster.Propose(l, [(byte)i]);
        }
        cluster.Run(500);
        leader.Start();
        cluster.Run(1000);
        AssertEverywhere(cluster, Of([1, 2, 3, 4, 5]), 1, 2, 3, 4, 5);
        foreach (var m in cluster.Members)
            Assert.Equal(3, m.DiskEntries.Where(e => e.Type == EntryType.Configuration).Select(e => e.Index).Distinct().Count());
    }

    [Fact]
    public void A_new_leader_changes_nothing_before_it_has_committed_in_its_term() // 23
    {
        var cluster = new Cluster(voters: 4);
        var leader = cluster.RunUntilLeader();
        cluster.Run(100);
        leader.Crash();
        for (var i = 0; i < 100 && cluster.Leader is null; i++) cluster.Run(20, m => m.Type is not (MessageType.AppendReply));
        var next = cluster.Leader!;
        Assert.False(next.Group.IsEstablished);
        Assert.Equal(ChangeStatus.InProgress, cluster.Change(next, Without(next.Group.Configuration, leader.Id)));
        cluster.Run(200);
        Accept(cluster, next, Without(next.Group.Configuration, leader.Id));
    }

    [Fact]
    public void A_change_that_is_truncated_is_undone_live_and_after_a_restart() // 24
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        cluster.Run(100);
        var before = leader.Group.Configuration;
        Accept(cluster, leader, Without(before, cluster.Members.First(m => m != leader).Id));
        Assert.NotEqual(before, leader.Group.Configuration);
        leader.PersistAll();
        cluster.Wire.Clear();
        leader.Crash();
        cluster.Run(3000);
        var next = cluster.RunUntilLeader();
        cluster.Propose(next, [1]);
        cluster.Run(100);

        leader.Start();
        Assert.NotEqual(before, leader.Group.Configuration);
        cluster.Run(500);
        AssertEverywhere(cluster, before, 1, 2, 3);
        leader.Crash();
        leader.Start();
        Assert.Equal(before, leader.Group.Configuration);
    }

    [Fact]
    public void Of_two_members_one_can_be_removed_and_die_before_it_hears_of_it() // 25
    {
        var cluster = new Cluster(voters: 2);
        var leader = cluster.RunUntilLeader();
        var other = cluster.Members.Single(m => m != leader);
        other.Crash();
        Accept(cluster, leader, Of([(int)leader.Id.Value]));
        cluster.Run(1500);
        Assert.Equal(Role.Leader, leader.Group.Role);
        Assert.True(cluster.Propose(leader, [1]));
        cluster.Run(50);
        Assert.Equal(leader.Group.Log.Last, leader.Group.Log.Commit);
    }

    [Fact]
    public void A_removed_leader_does_not_count_itself_and_hands_over_when_its_removal_is_committed() // 26
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        var others = cluster.Members.Where(m => m != leader).ToArray();
        cluster.Run(100);
        others[0].Crash();
        Accept(cluster, leader, Without(leader.Group.Configuration, leader.Id));
        // One of the two that remain is no majority of them, though with the leader it would be one of three.
        cluster.Run(200);
        Assert.Equal(Role.Leader, leader.Group.Role);
        Assert.True(leader.Group.Log.Commit < leader.Group.Log.Last);
        others[0].Start();
        cluster.Run(300);
        Assert.Equal(Role.Follower, leader.Group.Role);
        var next = cluster.RunUntilLeader();
        Assert.Contains(next, others);
        Assert.Equal(ProposeStatus.NotLeader, leader.Group.Propose(new byte[] { 1 }, out _));
        var term = next.Group.Term;
        cluster.Run(3000);
        Assert.Equal((Role.Leader, term, Role.Follower), (next.Group.Role, next.Group.Term, leader.Group.Role));
    }

    [Fact]
    public void A_leader_that_restarts_before_its_removal_is_committed_can_lead_to_commit_it()
    {
        // Only its log holds the change, and so no other can win; it is no voter of it, and still has to stand.
        var cluster = new Cluster(voters: 2);
        var leader = cluster.RunUntilLeader();
        var other = cluster.Members.Single(m => m != leader);
        cluster.Run(100);
        Accept(cluster, leader, Without(leader.Group.Configuration, leader.Id));
        leader.PersistAll();
        cluster.Wire.Clear();
        leader.Crash();
        leader.Start();
        cluster.Run(5000);
        Assert.Equal((Role.Leader, Role.Follower), (other.Group.Role, leader.Group.Role));
        Assert.Equal(Without(leader.Group.Configuration, leader.Id), other.Group.Configuration);
    }

    [Fact]
    public void A_member_counts_only_when_it_has_the_log() // 27
    {
        var cluster = new Cluster(voters: 3, strangers: 1);
        var leader = cluster.RunUntilLeader();
        for (var i = 0; i < 1200; i++)
        {
            cluster.Propose(leader, [1]);
            if (i % 100 == 99) cluster.Run(10);
        }
        Assert.Equal(ChangeStatus.Invalid, leader.Group.Change(Of([1, 2, 3, 4]), out _, out var reason));
        Assert.Contains("Member 4 is not a learner", reason);
        Accept(cluster, leader, Of([1, 2, 3], [4]));
        cluster.Run(50, m => m.To.Value != 4);
        Assert.Equal(ChangeStatus.NotCaughtUp, leader.Group.Change(Of([1, 2, 3, 4]), out _, out reason));
        Assert.Contains("Learner 4 lacks", reason);
        // While it is fed, the others go on with one of them down.
        cluster.Members.First(m => m != leader && m.Id.Value != 4).Crash();
        Assert.True(cluster.Propose(leader, [2]));
        cluster.Run(200);
        Assert.Equal(leader.Group.Log.Last, leader.Group.Log.Commit);
        Accept(cluster, leader, Of([1, 2, 3, 4]));
    }

    [Fact]
    public void A_member_that_does_not_know_of_its_promotion_yet_votes_all_the_same() // 9
    {
        var cluster = new Cluster(voters: 2, learners: 1);
        var leader = cluster.RunUntilLeader();
        cluster.Run(200);
        Accept(cluster, leader, Of([1, 2, 3]));
        cluster.Run(100, m => m.To.Value != 3);
        Assert.Equal(leader.Group.Log.Last, leader.Group.Log.Commit);
        Assert.False(cluster[3].Group.Configuration.IsVoter(new MemberId(3)));
        leader.Crash();
        // Of three voters two are up; one of them still takes itself for a learner.
        var next = cluster.RunUntilLeader();
        Assert.True(next != leader && next.Group.IsEstablished);
        cluster.Run(200);
        Assert.True(cluster[3].Group.Configuration.IsVoter(new MemberId(3)));
    }

    [Fact]
    public void A_voter_that_becomes_a_learner_keeps_its_vote_until_joint_is_left()
    {
        var cluster = new Cluster(voters: 3, learners: 1);
        var leader = cluster.RunUntilLeader();
        cluster.Run(200);
        var demoted = cluster.Members.First(m => m != leader && m.Id.Value != 4);
        var voters = new[] { 1, 2, 3, 4 }.Where(v => v != demoted.Id.Value).ToArray();
        Accept(cluster, leader, Of(voters, [(int)demoted.Id.Value]));
        Assert.True(leader.Group.Configuration.IsVoter(demoted.Id));
        cluster.Run(300);
        Assert.False(leader.Group.Configuration.IsVoter(demoted.Id));
        AssertEverywhere(cluster, Of(voters, [(int)demoted.Id.Value]), 1, 2, 3, 4);
    }

    [Fact]
    public void A_snapshot_holds_the_membership_of_its_own_position() // 34
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        cluster.Run(200);
        var before = leader.Group.Configuration;
        Accept(cluster, leader, Without(before, cluster.Members.First(m => m != leader).Id));
        leader.PersistAll();
        leader.Compact(keepBytes: 0);
        Assert.Equal(before, leader.DiskSnapshot.Configuration);
        Assert.NotEqual(before, leader.Group.Configuration);
        leader.Crash();
        leader.Start();
        Assert.NotEqual(before, leader.Group.Configuration);
    }

    [Fact]
    public void A_newcomer_of_a_compacted_group_gets_a_snapshot_that_knows_it() // 34
    {
        var cluster = new Cluster(voters: 3, strangers: 1);
        var leader = cluster.RunUntilLeader();
        for (var i = 0; i < 50; i++) cluster.Propose(leader, new byte[40]);
        cluster.Run(200);
        leader.Compact(keepBytes: 0);
        Accept(cluster, leader, Of([1, 2, 3], [4]));
        cluster.Run(500);
        Assert.Equal(1, cluster.SnapshotsInstalled);
        Assert.True(cluster[4].DiskSnapshot.Configuration.Contains(new MemberId(4)));
        cluster[4].Crash();
        cluster[4].Start();
        Assert.Equal(Of([1, 2, 3], [4]), cluster[4].Group.Configuration);
        cluster.Run(300);
        cluster.CheckConverged();
    }

    [Fact]
    public void A_member_that_was_removed_while_away_disturbs_nobody_when_it_returns() // 6
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        cluster.Run(100);
        var removed = cluster.Members.First(m => m != leader);
        removed.Crash();
        Accept(cluster, leader, Without(leader.Group.Configuration, removed.Id));
        cluster.Run(300);
        var term = leader.Group.Term;
        removed.Start();
        cluster.Run(10_000);
        Assert.Equal((Role.Leader, term), (leader.Group.Role, leader.Group.Term));
    }

    [Theory]
    [InlineData(new int[0], new int[0], "at least one voter")]
    [InlineData(new[] { 1, 2, 0 }, new int[0], "Member 0")]
    [InlineData(new[] { 1, 2, 3 }, new[] { 3 }, "listed twice")]
    [InlineData(new[] { 1, 2, 2 }, new int[0], "listed twice")]
    [InlineData(new[] { 1, 2, 9 }, new int[0], "Member 9 is not a learner")]
    [InlineData(new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 }, new int[0], "at most 15")]
    public void An_impossible_membership_is_refused_with_a_reason(int[] voters, int[] learners, string expected)
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        var last = leader.Group.Log.Last;
        Assert.Equal(ChangeStatus.Invalid, leader.Group.Change(Of(voters, learners), out _, out var reason));
        Assert.Contains(expected, reason);
        Assert.Equal(last, leader.Group.Log.Last);
    }

    [Fact]
    public void What_is_in_force_already_is_not_logged_again()
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        var last = leader.Group.Log.Last;
        Assert.Equal(ChangeStatus.Unchanged, cluster.Change(leader, Of([1, 2, 3])));
        Assert.Equal(last, leader.Group.Log.Last);
        var follower = cluster.Members.First(m => m != leader);
        Assert.Equal(ChangeStatus.NotLeader, cluster.Change(follower, Of([1, 2])));
    }

    [Fact]
    public void Nothing_is_handed_to_a_member_that_is_removed_or_demoted_nor_is_one_removed_while_it_takes_over()
    {
        foreach (var demote in new[] { false, true })
        {
            var cluster = new Cluster(voters: 3);
            var leader = cluster.RunUntilLeader();
            cluster.Run(100);
            var target = cluster.Members.First(m => m != leader);
            var without = Without(leader.Group.Configuration, target.Id);
            Assert.Equal(TransferStatus.Started, leader.Group.Transfer(target.Id));
            Assert.Equal(ChangeStatus.NotLeader, cluster.Change(leader, without));
            cluster.Run(100);
            (leader, target) = (target, leader);
            without = Without(leader.Group.Configuration, target.Id);
            Accept(cluster, leader, demote ? without with { Learners = [target.Id] } : without);
            Assert.Equal(TransferStatus.NotVoter, leader.Group.Transfer(target.Id));
        }
    }

    private static Configuration Of(int[] voters, params int[] learners) =>
        Configuration.Of(voters.Select(v => new MemberId((uint)v)), learners.Select(l => new MemberId((uint)l)));

    private static Configuration Without(Configuration configuration, MemberId id) =>
        Configuration.Of(configuration.Voters.Where(v => v != id), configuration.Learners);

    private static void Accept(Cluster cluster, Member leader, Configuration target) => Assert.Equal(ChangeStatus.Accepted, cluster.Change(leader, target));

    private static void AssertEverywhere(Cluster cluster, Configuration expected, params int[] members)
    {
        foreach (var id in members) Assert.Equal(expected, cluster[id].Group.Configuration);
    }
}
