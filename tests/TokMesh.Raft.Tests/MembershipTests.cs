using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Tests.Harness;

namespace TokMesh.Raft.Tests;

/// <summary>Membership change: one majority at any time, whatever is lost or crashes in between. Numbers are those of the known bugs.</summary>
public sealed class MembershipTests
{
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

    private static Configuration Of(int[] voters, params int[] learners) =>
        Configuration.Of(voters.Select(v => new MemberId((uint)v)), learners.Select(l => new MemberId((uint)l)));
}
