using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Transfer;

namespace TokMesh.Raft;

// Leadership transfer (dissertation, section 3.10).
public sealed partial class RaftGroup
{
    /// <summary>
    /// Hands leadership to another voter: this member takes no proposals, brings the target up to date, then makes it stand at once.
    /// Reads go on, but from the moment the target is told never again from the lease of this term. Asking for the same target again
    /// changes nothing; for another one replaces it.
    /// </summary>
    public TransferStatus Transfer(MemberId to)
    {
        if (Role != Role.Leader) return TransferStatus.NotLeader;
        if (to == Self)
        {
            _lead!.Transfer.Abort();
            return TransferStatus.AlreadyLeads;
        }
        if (!Configuration.Voters.Contains(to)) return TransferStatus.NotVoter;
        Wake(_now);
        _lead!.Transfer.Begin(to, _now);
        return TransferStatus.Started;
    }

    /// <summary>The voter that lacks least: the best to hand over to. None when there is none, or this member does not lead.</summary>
    /// <param name="mayLead">Who may be chosen.</param>
    /// <param name="turn">Chooses among equals: different numbers spread many groups over the members.</param>
    public MemberId Successor(Func<MemberId, bool> mayLead, uint turn) => _lead?.Followers.Successor(mayLead, turn) ?? MemberId.None;

    /// <summary>To whom leadership is being handed; none when it is not.</summary>
    public MemberId TransferTarget => _lead?.Transfer.To ?? MemberId.None;

    /// <summary>What is proposed while handing over would only hold the target up.</summary>
    private bool TakesProposals => Role == Role.Leader && _lead!.Transfer.To.IsNone;

    private void OnTimeoutNow()
    {
        // A member without a vote may have been told by a leader that knows of its promotion; it stands when it knows too.
        if (MayCampaign) BeginElection(forLeader: true);
    }
}
