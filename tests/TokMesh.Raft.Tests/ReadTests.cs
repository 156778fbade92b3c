using TokMesh.Raft.Tests.Schedule;

namespace TokMesh.Raft.Tests;

/// <summary>Linearizable reads. Numbers are those of the known bugs they guard against.</summary>
public sealed class ReadTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_deposed_leader_does_not_answer_reads(bool lease) // 46, 50
    {
        var cluster = new Cluster(voters: 5, options: new RaftOptions { LeaseReads = lease });
        var old = cluster.RunUntilLeader();
        var companion = cluster.Members.First(m => m != old);
        bool Passes(Message m) => (m.From == old.Id || m.From == companion.Id) == (m.To == old.Id || m.To == companion.Id);
        cluster.Run(2500, Passes);
        var now = cluster.Members.Single(m => m.Group.Role == Role.Leader);
        Assert.NotSame(old, now);
        Assert.True(cluster.Propose(now, [1]));
        cluster.Run(100, Passes);
        // Refused outright, or begun and never answered; an answer would fail the check inside.
        cluster.Read(old);
        cluster.Run(1000, Passes);
    }

    [Fact]
    public void A_lease_ends_before_another_leader_can_be_elected() // 49
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        cluster.Run(300);
        Assert.True(leader.Group.HasLease(cluster.Now));
        // Cut off: whatever the others do, when the first of them leads, the lease must be over.
        while (cluster.Members.Count(m => m.Group.Role == Role.Leader) < 2 && cluster.Members.Any(m => m == leader && m.Group.Role == Role.Leader))
            cluster.Run(10, m => m.From != leader.Id && m.To != leader.Id);
        Assert.False(leader.Group.HasLease(cluster.Now));
    }

    [Fact]
    public void A_member_that_restarts_at_once_does_not_break_the_lease() // 49
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        cluster.Run(300);
        var others = cluster.Members.Where(m => m != leader).ToArray();
        foreach (var m in others)
        {
            m.Crash();
            m.Start();
        }
        others[0].Group.Campaign();
        others[0].Group.Drain(others[0]);
        cluster.Run(cluster.Options.LeaseMs - 20, m => m.From != leader.Id && m.To != leader.Id);
        Assert.All(others, m => Assert.NotEqual(Role.Leader, m.Group.Role));
    }

    [Fact]
    public void A_new_leader_answers_no_read_before_it_has_committed_in_its_term() // 47, 54
    {
        var cluster = new Cluster(voters: 3);
        cluster[1].Group.Campaign();
        cluster[1].Group.Drain(cluster[1]);
        // Elected, but none of its entries gets through.
        cluster.Run(100, m => m.Type != MessageType.AppendReply);
        Assert.Equal(Role.Leader, cluster[1].Group.Role);
        var read = cluster.Read(cluster[1]);
        Assert.NotNull(read);
        cluster.Run(100, m => m.Type != MessageType.AppendReply);
        Assert.True(cluster.IsPending(read.Value));
        cluster.Run(500);
        Assert.False(cluster.IsPending(read.Value));
    }

    [Fact]
    public void A_read_is_not_confirmed_by_answers_to_an_earlier_round() // 48
    {
        var cluster = new Cluster(voters: 3, options: new RaftOptions { LeaseReads = false });
        var leader = cluster.RunUntilLeader();
        cluster.Run(300);
        // Answers of earlier rounds are kept back and arrive after the read was begun.
        var held = new List<(Message Message, byte[] Bytes)>();
        cluster.Now += 200;
        leader.Tick();
        while (cluster.Wire.Count > 0) cluster.Deliver(0);
        held.AddRange(cluster.Wire.Where(w => w.Message.Type == MessageType.HeartbeatReply));
        cluster.Wire.Clear();
        var read = cluster.Read(leader);
        Assert.NotNull(read);
        cluster.Wire.RemoveAll(w => w.Message.Type == MessageType.Heartbeat);
        cluster.Wire.AddRange(held);
        while (cluster.Wire.Count > 0) cluster.Deliver(0);
        Assert.True(cluster.IsPending(read.Value));
        cluster.Run(500);
        Assert.False(cluster.IsPending(read.Value));
    }

    [Fact]
    public void A_followers_staleness_is_bounded_by_its_own_clock_and_grows_when_it_is_cut_off()
    {
        var cluster = new Cluster(voters: 3);
        var leader = cluster.RunUntilLeader();
        var follower = cluster.Members.First(m => m != leader);
        cluster.Run(1000);
        var fresh = follower.Group.StalenessMs(cluster.Now);
        Assert.NotNull(fresh);
        Assert.InRange(fresh.Value, 0, 400);
        cluster.Run(400, m => m.From != follower.Id && m.To != follower.Id);
        var stale = follower.Group.StalenessMs(cluster.Now);
        Assert.True(stale is null || stale >= fresh + 390);
    }
}
