using TokMesh.Cluster.Lanes;
using TokMesh.Cluster.Meta;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.State.Errors;

namespace TokMesh.Cluster.Tests;

/// <summary>What meta keeps of moves, and which membership comes next on the way.</summary>
public sealed class MovePlanTests
{
    private static readonly Bootstrap Bootstrap = Bootstrap.Create("abcdef".Select(c => new Candidate($"tmnd-{c}", Guid.NewGuid(), $"{c}:1", $"{c}:2", "")), 8, 3, 77);
    private ClusterMap _map = ClusterMap.Of(Bootstrap);

    [Theory]
    // voters, learners; leader; wanted; next voters, next learners
    [InlineData("123", "", 1, "124", "123", "4")]
    [InlineData("123", "4", 1, "124", "124", "")]
    [InlineData("123", "5", 1, "124", "123", "4")]
    [InlineData("123", "", 1, "456", "123", "456")]
    // A leader that is to leave stays until it has handed over.
    [InlineData("123", "456", 1, "456", "1456", "")]
    [InlineData("1456", "", 1, "456", null, null)]
    [InlineData("1456", "", 4, "456", "456", "")]
    [InlineData("123", "", 2, "23", "23", "")]
    [InlineData("123", "", 1, "23", null, null)]
    [InlineData("123", "5", 1, "123", "123", "")]
    [InlineData("123", "", 1, "123", null, null)]
    public void One_step_follows_another(string voters, string learners, uint leader, string wanted, string? nextVoters, string? nextLearners)
    {
        var next = MoveMaintenance.Next(Configuration.Of(Ids(voters), Ids(learners), 4), PlannedMove.New(0, wanted.Select(c => (uint)(c - '0'))) with { Id = 9 }, new MemberId(leader));
        Assert.Equal(nextVoters is null ? null : Configuration.Of(Ids(nextVoters), Ids(nextLearners!), 9), next);
    }

    [Theory]
    [InlineData("45", 4ul, true)]
    [InlineData("45", 0ul, false)]
    [InlineData("", 4ul, false)]
    public void Without_a_plan_learners_that_came_by_one_go(string learners, ulong generation, bool go) =>
        Assert.Equal(go ? Configuration.Of(Ids("123"), [], generation) : null, MoveMaintenance.Next(Configuration.Of(Ids("123"), Ids(learners), generation), null, new MemberId(1)));

    [Fact]
    public void A_plan_has_the_version_at_which_it_was_made_and_is_dropped_when_it_has_been_carried_out()
    {
        Apply(new MapChange { Plan = PlannedMove.New(7, [4, 2, 1]) });
        Apply(new MapChange { Plan = PlannedMove.New(2, [4, 5, 6]) });
        Apply(new MapChange { Plan = PlannedMove.New(7, [1, 2, 5]) });
        Assert.Equal([(2u, 2ul), (7u, 3ul)], _map.Moves.Select(m => (m.Shard, m.Id)));
        Assert.Equal([1u, 2, 5], _map.Moves[1].Voters);
        Place(8, [1, 2, 5], [3], 20, generation: 3);
        Assert.Equal(2, _map.Moves.Count);
        Place(8, [1, 2, 5], [], 21, generation: 3);
        Assert.Equal(2u, Assert.Single(_map.Moves).Shard);
        // Where it is already, there is nothing to plan.
        Apply(new MapChange { Plan = PlannedMove.New(7, [5, 2, 1]) });
        Assert.Single(_map.Moves);
    }

    [Fact]
    public void No_more_moves_are_made_at_once_than_may_be()
    {
        foreach (var shard in (uint[])[5, 1, 3]) Apply(new MapChange { Plan = PlannedMove.New(shard, [4, 5, 6]) });
        Apply(new MapChange { Plan = new PlannedMove(0, [4, 5, 6]) });
        Assert.Equal(5u, _map.OpenMoveOf(6, 2)?.Shard);
        Assert.Equal(1u, _map.OpenMoveOf(2, 2)?.Shard);
        Assert.Null(_map.OpenMoveOf(4, 2));
        Assert.Equal(3u, _map.OpenMoveOf(4, 3)?.Shard);
        Assert.Null(_map.OpenMoveOf(6, 0));
        // A former release only noted it.
        Assert.Null(_map.OpenMoveOf(1, 9));
    }

    [Fact]
    public void Who_has_yet_to_delete_a_replica_is_not_given_the_shard_again()
    {
        var before = _map.Groups[3];
        var gone = before.Voters[0];
        var stays = before.Voters.Skip(1).Order().ToArray();
        Place(3, stays, [], 30, generation: 5, term: 4);
        Assert.Equal([new RemovedReplica(gone, 30, 4)], _map.Groups[3].Removed);
        Apply(new MapChange { Plan = PlannedMove.New(2, before.Voters) }, ErrorCode.ClusterNodeConflict);
        // Of an earlier removal.
        Apply(new MapChange { Deleted = new DeletedReplica(3, gone, 29) });
        Assert.NotNull(_map.Groups[3].Removed);
        Apply(new MapChange { Deleted = new DeletedReplica(3, gone, 30) });
        Assert.Null(_map.Groups[3].Removed);
        Apply(new MapChange { Plan = PlannedMove.New(2, before.Voters) });
        Assert.Single(_map.Moves);
    }

    [Fact]
    public void A_membership_that_follows_no_plan_has_nothing_deleted()
    {
        Place(3, [.. _map.Groups[3].Voters.Skip(1)], [], 30, generation: 0);
        Assert.Null(_map.Groups[3].Removed);
    }

    [Fact]
    public void A_member_that_is_to_be_given_a_shard_cannot_leave_and_one_that_has_only_to_delete_can()
    {
        Apply(new MapChange { Join = new Member(0, "tmnd-g", Guid.NewGuid(), "g:1", "", "") });
        Apply(new MapChange { Plan = PlannedMove.New(0, [1, 2, 7]) });
        Apply(new MapChange { Leave = 7 }, ErrorCode.ClusterNodeConflict);
        Place(1, [1, 2, 7], [], 10, generation: 2);
        Place(1, [1, 2, 3], [], 11, generation: 3);
        Assert.True(_map.Groups[1].IsRemoved(7));
        Apply(new MapChange { Leave = 7 });
        Assert.Null(_map.MemberOf(new MemberId(7)));
        Assert.False(_map.Groups[1].IsRemoved(7));
    }

    [Fact]
    public void A_plan_names_members_and_a_shard()
    {
        Apply(new MapChange { Plan = PlannedMove.New(0, [1, 2, 9]) }, ErrorCode.ClusterNodeConflict);
        Apply(new MapChange { Plan = PlannedMove.New(8, [1, 2, 3]) }, ErrorCode.ClusterNodeConflict);
    }

    private static IEnumerable<MemberId> Ids(string digits) => digits.Select(c => new MemberId((uint)(c - '0')));

    private void Place(uint group, uint[] voters, uint[] learners, ulong version, ulong generation, ulong term = 2) =>
        Apply(new MapChange { Placed = new PlacedGroup(group, new GroupPlace(voters, learners, version) { Generation = generation, Term = term }) });

    private void Apply(MapChange change, ErrorCode expected = ErrorCode.None)
    {
        Assert.True(change.IsOne);
        _map = change.ApplyTo(_map, out var refusal, out _);
        Assert.Equal(expected, refusal);
    }
}
