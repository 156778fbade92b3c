using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft;

// Elections: pre-vote, vote, the lease of a live leader.
public sealed partial class RaftGroup
{
    /// <summary>Starts an election at once; used when this member is told to take over, and by tests.</summary>
    public void Campaign()
    {
        if (Role == Role.Leader || !MayCampaign) return;
        Stand(Role.PreCandidate);
        // A pre-vote promises nothing and raises no term, so this member's own counts at once.
        CountVote(Self, true);
        Ask(MessageType.PreVote, Term.Next);
    }

    private void Stand(Role role)
    {
        Role = role;
        Leader = MemberId.None;
        IsQuiescent = false;
        _freshAt = null;
        _roleChanged = true;
        _votes.Clear();
        _timer.Restart(_now);
    }

    /// <param name="forLeader">Whether the leader asked for it, and so is not to be protected.</param>
    private void BeginElection(bool forLeader = false)
    {
        Stand(Role.Candidate);
        Term = Term.Next;
        Vote = Self;
        _hardStateDirty = true;
        // Its own vote counts when it is durable (pitfall 2): see Persisted. The requests wait for the same write, since they
        // speak of a term this member must not forget.
        Ask(MessageType.Vote, Term, forLeader);
    }

    private void Ask(MessageType type, Term term, bool forLeader = false)
    {
        foreach (var member in Configuration.Members)
        {
            if (member == Self || !Configuration.IsVoter(member)) continue;
            _pending.Add(To(member, type) with { Term = term, Index = _log.Last, LogTerm = _log.LastTerm, IsForLeader = forLeader }, HardStateWrite, Term);
        }
    }

    private void CountVote(MemberId from, bool granted)
    {
        if (_exclusions.Contains(from)) return;
        _votes.TryAdd(from, granted);
        switch (Quorum.Count(Configuration, id => _votes.TryGetValue(id, out var v) ? v : null))
        {
            case Quorum.Vote.Won when Role == Role.PreCandidate:
                BeginElection();
                break;
            case Quorum.Vote.Won:
                BecomeLeader();
                break;
            case Quorum.Vote.Lost:
                BecomeFollower(Term, MemberId.None);
                break;
        }
    }

    private void BecomeLeader()
    {
        Role = Role.Leader;
        Leader = Self;
        _roleChanged = true;
        _receiving = null;
        _lead = new Leadership(_options, _log, Self, Term, _memberships, _exclusions, _now);
    }

    /// <summary>A live leader is not voted out: neither by a follower that hears it, nor by itself while a majority answers it.</summary>
    private bool IsInLease => IsQuiescent || (Role == Role.Leader
        ? _now - _lead!.Followers.QuorumHeardAt(_now) < _options.ElectionTimeoutMs
        : _now < _timer.LeaseUntil || _now < _presumedUntil);

    /// <summary>Whether a candidate's log is at least as complete as this one, and as the one that this member had when it was removed.</summary>
    private bool IsUpToDate(in Message m) => _log.IsUpToDate(m.Index, m.LogTerm) && _removed.IsReachedBy(m.Index, m.LogTerm);

    private void OnPreVote(in Message m)
    {
        if (IsInLease || _exclusions.Contains(m.From)) return;
        // The refusal carries this member's term, so that a candidate that is behind catches up instead of asking forever (pitfall 5).
        var granted = m.Term > Term && IsUpToDate(m);
        _pending.Add(To(m.From, MessageType.PreVoteReply) with { Term = granted ? m.Term : Term, Reject = !granted }, HardStateWrite, Term);
    }

    private void OnPreVoteReply(in Message m)
    {
        if (m.Reject && m.Term > Term) BecomeFollower(m.Term, MemberId.None);
        else if (Role == Role.PreCandidate && (m.Reject || m.Term == Term.Next)) CountVote(m.From, !m.Reject);
    }

    private void OnVote(in Message m)
    {
        // The lease was looked at, and a higher term taken over, before this is called: see Step.
        var granted = m.Term == Term && (Vote == m.From || (Vote.IsNone && Leader.IsNone)) && IsUpToDate(m)
            && !_exclusions.Contains(m.From);
        if (granted)
        {
            if (Vote.IsNone)
            {
                Vote = m.From;
                _hardStateDirty = true;
            }
            _timer.Restart(_now);
        }
        _pending.Add(To(m.From, MessageType.VoteReply) with { Reject = !granted }, HardStateWrite, Term);
    }

    private void OnVoteReply(in Message m)
    {
        if (Role == Role.Candidate && m.Term == Term) CountVote(m.From, !m.Reject);
    }
}
