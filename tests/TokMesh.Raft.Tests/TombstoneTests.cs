using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests;

/// <summary>A member that was removed from its group, deleted what it held, and is taken in again: it must not undo what it helped to commit.</summary>
public sealed class TombstoneTests
{
    /// <summary>Removed by the membership at 40, told of by the leader of term 6; its own term had been 8.</summary>
    private static readonly Tombstone Removed = new(new Term(9), new LogIndex(40), new Term(6));

    private static readonly MemberId Other = new(2);

    private long _now = 100_000;

    [Theory]
    [InlineData(39, 6, false)]
    [InlineData(1_000, 5, false)]
    [InlineData(40, 6, true)]
    [InlineData(41, 6, true)]
    [InlineData(3, 7, true)]
    public void It_votes_for_nobody_who_lacks_its_removal(ulong last, ulong lastTerm, bool granted)
    {
        var member = Member(new RaftLog(LogIndex.Zero, Term.Zero, []));
        foreach (var type in (MessageType[])[MessageType.PreVote, MessageType.Vote])
        {
            var reply = Ask(member, new Message { Type = type, From = Other, To = member.Self, Term = new Term(10), Index = new LogIndex(last), LogTerm = new Term(lastTerm) });
            Assert.Equal(!granted, reply.Reject);
        }
    }

    [Fact]
    public void It_stands_only_when_it_has_its_removal_again()
    {
        var before = Member(LogOf(39, 6));
        before.Campaign();
        Assert.Equal(Role.Follower, before.Role);
        var after = Member(LogOf(40, 6));
        after.Campaign();
        Assert.Equal(Role.PreCandidate, after.Role);
    }

    [Fact]
    public void A_leader_of_a_term_it_had_seen_is_told_of_a_later_one()
    {
        var member = Member(new RaftLog(LogIndex.Zero, Term.Zero, []));
        var reply = Ask(member, new Message { Type = MessageType.Heartbeat, From = Other, To = member.Self, Term = new Term(8), Commit = new LogIndex(40) });
        Assert.Equal((true, new Term(9)), (reply.Reject, reply.Term));
        reply = Ask(member, new Message { Type = MessageType.Append, From = Other, To = member.Self, Term = new Term(9), Index = new LogIndex(40), LogTerm = new Term(6) });
        Assert.Equal((true, LogIndex.Zero), (reply.Reject, reply.Hint));
    }

    [Fact]
    public void It_survives_its_binary_form() => Assert.Equal(Removed, Tombstone.Decode(Removed.Encode()));

    [Fact]
    public void A_leader_follows_no_plan_that_is_out_of_date()
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        var members = cluster.Members.Select(m => m.Group.Self).ToArray();
        Assert.Equal(ChangeStatus.Accepted, cluster.Change(leader, Configuration.Of(members[..2], [members[2]], generation: 7)));
        cluster.Run(500);
        Assert.Equal(ChangeStatus.Outdated, leader.Group.Change(Configuration.Of(members, generation: 6), out _, out var reason));
        Assert.Equal("Plan 6 is out of date: the membership in force follows plan 7.", reason);
        Assert.Equal(ChangeStatus.Accepted, cluster.Change(leader, Configuration.Of(members, generation: 7)));
    }

    private RaftGroup Member(RaftLog log) =>
        new(new MemberId(1), Configuration.Of([new(1), new(2), new(3)]), new HardState(Removed.Term, MemberId.None), log, new RaftOptions(), 1, 0, Removed);

    private Message Ask(RaftGroup member, Message message)
    {
        var output = new Recorder();
        // Long after any leader could have been heard.
        member.Step(message, [], [], _now += 10_000);
        output.Settle(member);
        return Assert.Single(output.Sent);
    }

    private static RaftLog LogOf(ulong last, ulong term) => new(new LogIndex(last), new Term(term), []);
}
