using TokMesh.Raft.Tests.Schedule;

namespace TokMesh.Raft.Tests;

/// <summary>Elections: votes and terms that survive, leaders that are not disturbed. Numbers are those of the known bugs they guard against.</summary>
public sealed class ElectionTests
{
    [Fact]
    public void A_vote_survives_a_crash_so_that_no_second_one_is_given_in_the_term() // 1
    {
        var cluster = new Cluster(voters: 3);
        cluster[1].Group.Campaign();
        cluster[1].Group.Drain(cluster[1]);
        cluster.Run(50, m => m.To.Value != 3);
        var term = cluster[2].DiskHardState.Term;
        Assert.Equal(new HardState(term, new MemberId(1)), cluster[2].DiskHardState);

        cluster[2].Crash();
        cluster[2].Start();
        Deliver(cluster[2], new Message { Type = MessageType.Vote, From = new MemberId(3), To = new MemberId(2), Term = term, Index = new LogIndex(99), LogTerm = term });
        cluster[2].PersistAll();
        Assert.Equal(new MemberId(1), cluster[2].Group.Vote);
        Assert.DoesNotContain(cluster.Wire, w => w.Message is { Type: MessageType.VoteReply, Reject: false, To.Value: 3 });
    }

    [Fact]
    public void A_vote_is_not_sent_before_it_is_durable() // 1, 2
    {
        var cluster = new Cluster(voters: 3);
        cluster[1].Group.Campaign();
        cluster[1].Group.Drain(cluster[1]);
        cluster.Run(50, persists: m => m.Id.Value == 1);
        Assert.Equal(Role.Candidate, cluster[1].Group.Role);
        Assert.Equal(new MemberId(1), cluster[2].Group.Vote);
        cluster.Run(50);
        Assert.Equal(Role.Leader, cluster[1].Group.Role);
    }

    [Fact]
    public void A_candidate_does_not_count_its_own_vote_before_it_is_durable() // 2
    {
        var cluster = new Cluster(voters: 1);
        cluster[1].Group.Campaign();
        cluster[1].Group.Drain(cluster[1]);
        Assert.Equal(Role.Candidate, cluster[1].Group.Role);
        cluster[1].PersistAll();
        Assert.Equal(Role.Leader, cluster[1].Group.Role);
    }

    [Fact]
    public void A_leader_whose_disk_stalls_commits_nothing_with_one_follower() // 2
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        var down = cluster.Members.First(m => m != leader);
        down.Crash();
        var commit = leader.Group.Log.Commit;
        Assert.True(cluster.Propose(leader, [1]));
        cluster.Run(300, persists: m => m != leader);
        Assert.Equal(commit, leader.Group.Log.Commit);
        cluster.Run(100);
        Assert.True(leader.Group.Log.Commit > commit);
    }

    [Fact]
    public void An_answer_of_an_earlier_term_does_not_count_in_a_later_one() // 3
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        var others = cluster.Members.Where(m => m != leader).ToArray();
        Assert.True(cluster.Propose(leader, [1]));
        // The followers take the entry, but their disks and so their answers wait; meanwhile the term changes.
        cluster.Run(20, persists: m => m == leader);
        Deliver(others[0], new Message { Type = MessageType.Heartbeat, From = others[1].Id, To = others[0].Id, Term = leader.Group.Term.Next });
        others[0].PersistAll();
        Assert.DoesNotContain(cluster.Wire, w => w.Message.Type == MessageType.AppendReply && !w.Message.Reject && w.Message.From == others[0].Id);
    }

    [Fact]
    public void An_isolated_member_neither_raises_its_term_nor_disturbs_the_leader_when_it_returns() // 4
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        var term = leader.Group.Term;
        var lonely = cluster.Members.First(m => m != leader).Id;
        cluster.Run(60_000, m => m.From != lonely && m.To != lonely);
        cluster.Run(3000);
        Assert.Same(leader, cluster.Leader);
        Assert.All(cluster.Members, m => Assert.Equal(term, m.Group.Term));
    }

    [Fact]
    public void A_member_with_a_higher_term_and_an_old_log_does_not_block_the_group() // 5
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        var ahead = cluster.Members.First(m => m != leader);
        for (var i = 0; i < 5; i++) Assert.True(cluster.Propose(leader, [(byte)i]));
        cluster.Run(200, m => m.From != ahead.Id && m.To != ahead.Id);
        Deliver(ahead, new Message { Type = MessageType.VoteReply, From = leader.Id, To = ahead.Id, Term = new Term(leader.Group.Term.Value + 5), Reject = true });
        cluster.Run(6000);
        var now = cluster.RunUntilLeader();
        Assert.True(cluster.Propose(now, [9]));
        cluster.Run(1000);
        cluster.CheckConverged();
    }

    [Fact]
    public void A_live_leader_is_not_voted_out_by_a_stranger() // 6
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        var term = leader.Group.Term;
        for (var i = 0; i < 100; i++)
        {
            foreach (var m in cluster.Members)
            {
                Deliver(m, new Message { Type = MessageType.Vote, From = new MemberId(77), To = m.Id, Term = new Term(term.Value + 10), Index = new LogIndex(1000), LogTerm = term });
                Deliver(m, new Message { Type = MessageType.PreVote, From = new MemberId(77), To = m.Id, Term = new Term(term.Value + 10), Index = new LogIndex(1000), LogTerm = term });
            }
            cluster.Run(100);
        }
        Assert.Same(leader, cluster.Leader);
        Assert.Equal(term, leader.Group.Term);
    }

    public static TheoryData<int> LinkSubsets()
    {
        var data = new TheoryData<int>();
        for (var i = 0; i < 400; i++) data.Add(i);
        return data;
    }

    [Theory]
    [MemberData(nameof(LinkSubsets))]
    public void Partial_connectivity_never_makes_terms_grow_without_end(int seed) // 7
    {
        var cluster = new Cluster(voters: 5);
        var random = new Random(seed);
        var cut = new HashSet<(MemberId, MemberId)>();
        foreach (var a in cluster.Members)
            foreach (var b in cluster.Members)
                if (a != b && random.Next(3) == 0) cut.Add((a.Id, b.Id));
        cluster.Run(5000, m => !cut.Contains((m.From, m.To)));
        var before = cluster.Members.Max(m => m.Group.Term.Value);
        cluster.Run(20_000, m => !cut.Contains((m.From, m.To)));
        var grown = cluster.Members.Max(m => m.Group.Term.Value) - before;
        Assert.True(grown <= 25, $"In 20 s the term grew by {grown}.");
        cluster.Run(8000);
        cluster.RunUntilLeader();
    }

    [Fact]
    public void A_leader_without_a_quorum_steps_down_within_an_election_timeout()
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        cluster.Run(cluster.Options.ElectionTimeoutMs + 50, m => m.From != leader.Id && m.To != leader.Id);
        Assert.NotEqual(Role.Leader, leader.Group.Role);
    }

    [Fact]
    public void A_member_that_must_not_lead_gives_up_leading_and_does_not_campaign()
    {
        var cluster = new Cluster(voters: 3);
        var first = cluster.RunUntilLeader();
        first.Group.MayLead = false;
        cluster.Run(5000);
        Assert.NotSame(first, cluster.RunUntilLeader());
        Assert.Equal(Role.Follower, first.Group.Role);
    }

    [Fact]
    public void A_learner_neither_votes_nor_campaigns_and_receives_everything()
    {
        var cluster = new Cluster(voters: 1, learners: 2);
        var leader = cluster.RunUntilLeader();
        Assert.Equal(1u, leader.Id.Value);
        Assert.True(cluster.Propose(leader, [1]));
        cluster.Run(500);
        cluster.CheckConverged();
        leader.Crash();
        cluster.Run(5000);
        Assert.Null(cluster.Leader);
    }

    private static void Deliver(Member member, in Message m)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        MessageCodec.Encode(buffer, m, [], []);
        member.Receive(buffer.WrittenSpan.ToArray());
    }
}
