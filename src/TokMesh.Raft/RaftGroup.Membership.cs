using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Outputs;

namespace TokMesh.Raft;

// Membership change by joint consensus (dissertation, section 4.3), with learners (4.2.1).
public sealed partial class RaftGroup
{
    /// <summary>Entries a learner may lack when it is made a voter: less than a heartbeat's worth.</summary>
    private const long MaxPromotionLag = 1000;

    private const int MaxVoters = 15;

    /// <summary>Membership in force at a position that the log still covers.</summary>
    public Configuration ConfigurationAt(LogIndex index) => _memberships.At(index);

    /// <summary>Where the membership in force stands in the log; where the log begins when it came with a snapshot.</summary>
    public LogIndex ConfigurationIndex => _memberships.LatestIndex;

    /// <summary>
    /// Asks for another membership. One voter more or less, and any change of learners, goes in one step; more goes through a joint
    /// configuration, which the leader of the day leaves by itself as soon as it is committed. A member must be a learner, and have
    /// caught up, before it gets a vote. A voter that becomes a learner in a joint change keeps its vote until that is left.
    /// </summary>
    /// <param name="target">Whom to end up with: voters and learners, not joint.</param>
    /// <param name="index">Where the change stands in the log, if accepted.</param>
    /// <param name="reason">Why not, in words, if not.</param>
    public ChangeStatus Change(Configuration target, out LogIndex index, out string reason)
    {
        index = default;
        reason = "";
        if (!TakesProposals)
        {
            reason = "This member does not lead.";
            return ChangeStatus.NotLeader;
        }
        if (Problem(target) is { } problem)
        {
            reason = problem;
            return ChangeStatus.Invalid;
        }
        var current = Configuration;
        if (current.IsJoint || !IsMembershipSettled)
        {
            // Two changes at once, or one on top of an earlier leader's that may yet be undone, could make two majorities that do
            // not meet (pitfall 23).
            reason = current.IsJoint ? "A joint configuration has not been left yet."
                : _lead!.HasCommittedInTerm ? "An earlier change is not committed yet." : "This leader has committed nothing in its term yet.";
            return ChangeStatus.InProgress;
        }
        if (target.Generation < current.Generation)
        {
            reason = $"Plan {target.Generation} is out of date: the membership in force follows plan {current.Generation}.";
            return ChangeStatus.Outdated;
        }
        if (target.Equals(current)) return ChangeStatus.Unchanged;
        foreach (var id in target.Voters)
        {
            if (current.Voters.Contains(id)) continue;
            if (!current.Learners.Contains(id))
            {
                reason = $"Member {id} is not a learner; add it as one first, so that it does not count before it has the log.";
                return ChangeStatus.Invalid;
            }
            if (_lead!.Followers.LagOf(id) is not { } lag || lag > MaxPromotionLag)
            {
                reason = $"Learner {id} lacks more than {MaxPromotionLag} entries yet.";
                return ChangeStatus.NotCaughtUp;
            }
        }
        var moved = target.Voters.Count(v => !current.Voters.Contains(v)) + current.Voters.Count(v => !target.Voters.Contains(v));
        Append(moved <= 1 ? target : target with { VotersOutgoing = current.Voters });
        index = _log.Last;
        return ChangeStatus.Accepted;
    }

    /// <summary>Null when a membership is possible at all.</summary>
    private static string? Problem(Configuration target)
    {
        if (target.IsJoint) return "The target must not be joint itself.";
        if (target.Voters.Count == 0) return "A group needs at least one voter.";
        if (target.Voters.Contains(MemberId.None) || target.Learners.Contains(MemberId.None)) return "Member 0 is nobody.";
        if (target.Voters.Count > MaxVoters) return $"{target.Voters.Count} voters are too many; at most {MaxVoters} are possible.";
        if (target.Members.Count < target.Voters.Count + target.Learners.Count) return "A member is listed twice.";
        return null;
    }

    /// <summary>
    /// Whether it may campaign: with a vote, or as long as the change that takes its vote may be uncommitted. Such a member may be the
    /// only one whose log others accept, and has to lead once more to commit its own removal (dissertation, 4.2.2).
    /// </summary>
    private bool MayCampaign => MayLead && !_installing && _halted is null && _removed.IsReachedBy(_log.Last, _log.LastTerm)
        && (Configuration.IsVoter(Self) || (_memberships.LatestIndex > _log.Commit && _memberships.At(_memberships.LatestIndex.Previous).IsVoter(Self)));

    /// <summary>Whether this member leads, and the membership in force is committed for certain.</summary>
    private bool IsMembershipSettled => Role == Role.Leader && _lead!.HasCommittedInTerm && _memberships.LatestIndex <= _log.Commit;

    private bool IsLeaveDue => IsMembershipSettled && Configuration.IsJoint;

    private bool IsRemovalDue => IsMembershipSettled && !Configuration.IsVoter(Self);

    /// <summary>What a leader does of itself about memberships that are committed.</summary>
    private void FollowUpChanges(IRaftOutput output)
    {
        if (IsLeaveDue) Append(Configuration with { VotersOutgoing = [] });
        if (!IsRemovalDue) return;
        // It led only to commit its own removal (dissertation, 4.2.2). The voter that knows most should not have to wait for a timeout.
        _lead!.SendFinalCommit(output);
        BecomeFollower(Term, MemberId.None);
    }

    private void Append(Configuration configuration)
    {
        Wake(_now);
        var payload = configuration.Encode();
        _log.Append(Term, EntryType.Configuration, payload);
        _lead!.Proposed(payload.Length);
        _memberships.Follow(_log.After(_log.Last.Previous, 1, long.MaxValue));
        _lead.Followers.MembershipMoved(_now);
        _lead.AdvanceCommit();
    }
}
