using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Replication;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft;

// Messages: terms first, then the follower's side of replication and snapshots.
public sealed partial class RaftGroup
{
    private long? _freshAt;
    private LogIndex _freshIndex;

    /// <summary>Takes a message from another member.</summary>
    /// <param name="m">The message.</param>
    /// <param name="entries">Of an append: the entries after <see cref="Message.Index"/>. Their payloads are kept.</param>
    /// <param name="data">Of a snapshot chunk: its bytes. Copied.</param>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <exception cref="RaftInvariantException">The group must stop.</exception>
    public void Step(in Message m, ReadOnlySpan<Entry> entries, ReadOnlySpan<byte> data, long nowMs)
    {
        _now = Math.Max(_now, nowMs);
        if (m.To != Self || m.From == Self) return;
        if (IsQuiescent) WakeFor(m);
        if (_halted is not null)
        {
            StepHalted(m);
            return;
        }
        switch (m.Type)
        {
            case MessageType.PreVote:
                OnPreVote(m);
                return;
            case MessageType.PreVoteReply:
                OnPreVoteReply(m);
                return;
        }
        if (m.Term > Term)
        {
            if (m.Type == MessageType.Vote && !m.IsForLeader && IsInLease) return;
            BecomeFollower(m.Term, IsFromLeader(m.Type) ? m.From : MemberId.None);
        }
        else if (m.Term < Term)
        {
            // A leader that was left behind learns the newer term and steps down; so does a candidate.
            if (IsFromLeader(m.Type)) _pending.Add(To(m.From, MessageType.AppendReply) with { Reject = true, Index = m.Index }, HardStateWrite, Term);
            else if (m.Type == MessageType.Vote) _pending.Add(To(m.From, MessageType.VoteReply) with { Reject = true }, HardStateWrite, Term);
            return;
        }
        if (IsFromLeader(m.Type))
        {
            if (Role == Role.Leader) throw new RaftInvariantException($"Member {m.From} leads term {Term}, and so does this one.");
            if (Leader != m.From || Role != Role.Follower) BecomeFollower(Term, m.From);
            _timer.LeaderHeard(_now);
        }
        switch (m.Type)
        {
            case MessageType.Vote:
                OnVote(m);
                break;
            case MessageType.VoteReply:
                OnVoteReply(m);
                break;
            case MessageType.Append:
                OnAppend(m, entries);
                break;
            case MessageType.Heartbeat:
                OnHeartbeat(m);
                break;
            case MessageType.SnapshotChunk:
                OnSnapshotChunk(m, data);
                break;
            case MessageType.TimeoutNow:
                OnTimeoutNow();
                break;
            case MessageType.AppendReply or MessageType.HeartbeatReply or MessageType.SnapshotReply or MessageType.Violation:
                _lead?.OnAnswer(m, _now);
                break;
            case MessageType.Exclusion:
                Halt(m.Violation, m.From, m.Index);
                break;
        }
    }

    /// <summary>How a follower stands with this leader; null when this member does not lead, or the other does not belong to the group.</summary>
    /// <param name="follower">Whom to ask about.</param>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public FollowerStatus? FollowerOf(MemberId follower, long nowMs) => _lead?.Followers.Find(follower) is not { } p ? null
        : new FollowerStatus(p.Match, p.Snapshot?.AcknowledgedBytes ?? 0, Math.Max(0, nowMs - p.HeardAt));

    /// <summary>How far a follower is, as this leader sees it; null when there is none.</summary>
    internal Progress? ProgressOf(MemberId follower) => _lead?.Followers.Find(follower);

    private static bool IsFromLeader(MessageType type) => type is MessageType.Append or MessageType.Heartbeat or MessageType.SnapshotChunk
        or MessageType.TimeoutNow or MessageType.Exclusion;

    private void OnAppend(in Message m, ReadOnlySpan<Entry> entries)
    {
        if (_installing) return;
        if (m.Index < _log.Base)
        {
            // What was sent begins before this log does; all of that is committed, hence equal.
            AcknowledgeAppend(m.From, _log.Commit, m.Probe);
            return;
        }
        if (!_log.Matches(m.Index, m.LogTerm))
        {
            if (m.Index <= _log.Commit)
            {
                Halt(LogViolation.CommittedContradicted, m.From, m.Index);
                return;
            }
            var (hint, term) = _log.FindConflict(m.Index, m.LogTerm);
            _pending.Add(To(m.From, MessageType.AppendReply) with { Reject = true, Index = m.Index, Hint = hint, LogTerm = term, Probe = m.Probe }, HardStateWrite, Term);
            return;
        }
        if (_log.CommittedConflict(entries) is { } conflict)
        {
            Halt(LogViolation.CommittedContradicted, m.From, conflict);
            return;
        }
        _log.Merge(entries);
        _memberships.Follow(entries);
        var verified = m.Index + entries.Length;
        // Another leader had the entries after all.
        if (_receiving?.Index <= verified) _receiving = null;
        // Only what this very message has shown to agree may be taken as committed, not this log's own last entry (pitfall 13).
        _log.CommitTo(LogIndex.Min(m.Commit, verified));
        AcknowledgeAppend(m.From, verified, m.Probe);
    }

    private void AcknowledgeAppend(MemberId to, LogIndex match, ulong probe) =>
        _pending.Add(To(to, MessageType.AppendReply) with { Index = match, LogTerm = _log.TermAt(match) ?? Term.Zero, Probe = probe }, EntriesWrite, Term);

    private void OnHeartbeat(in Message m)
    {
        if (!_installing)
        {
            // A leader tells of commits only as far as this member has acknowledged.
            if (m.Commit > _log.Last)
            {
                Halt(LogViolation.AcknowledgedMissing, m.From, m.Commit);
                return;
            }
            _log.CommitTo(m.Commit);
        }
        // The leader gives back a time of this member's own clock at which it certainly still led, and what it has committed since:
        // no two clocks have to agree for a bound on staleness.
        if (m.Clock > 0) (_freshAt, _freshIndex) = (m.Clock - 1, m.LeaderCommit);
        var quiescent = TryBecomeQuiescent(m);
        _pending.Add(To(m.From, MessageType.HeartbeatReply) with
        {
            Round = m.Round,
            Clock = _now + 1,
            QuiescentTerm = quiescent ? m.QuiescentTerm : Term.Zero,
        }, HardStateWrite, Term);
    }

    private void OnSnapshotChunk(in Message m, ReadOnlySpan<byte> data)
    {
        if (_installing) return;
        if (m.Index <= _log.Commit || _log.Matches(m.Index, m.LogTerm))
        {
            if (_log.TermAt(m.Index) is { } own && own != m.LogTerm)
            {
                Halt(LogViolation.CommittedContradicted, m.From, m.Index);
                return;
            }
            // Not needed: the log already holds what the snapshot stands for (pitfall 35).
            _receiving = null;
            _log.CommitTo(m.Index);
            AcknowledgeAppend(m.From, _log.Commit, 0);
            return;
        }
        if (_receiving is null || _receiving.Context != m.Transfer || _receiving.Index != m.Index)
        {
            if (m.Total is <= 0 or > SnapshotReceive.MaxBytes) return;
            // Broken off, by a newer one or by another leader: what has arrived of it need not come again.
            var earlier = _receiving;
            _receiving = new SnapshotReceive(m.Index, m.LogTerm, m.Transfer, m.Total);
            if (earlier is not null) _receiving.Inherit(earlier);
        }
        var wanted = _receiving.Next;
        _receiving.Take(m.Position, data);
        if (_receiving.TryComplete() is { } complete)
        {
            if (!complete.Meta.Configuration.Contains(Self))
                throw new RaftInvariantException("A snapshot arrived whose membership omits this member.");
            _receiving = null;
            _installing = true;
            _toInstall = complete;
            return;
        }
        _pending.Add(To(m.From, MessageType.SnapshotReply) with
        {
            Index = m.Index,
            Transfer = m.Transfer,
            Position = _receiving.Next,
            Reject = m.Position > wanted,
        }, HardStateWrite, Term);
    }
}
