using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Quiescence;
using TokMesh.Raft.Reads;
using TokMesh.Raft.Replication;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Transfer;
using TokMesh.Raft.Violations;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft;

/// <summary>
/// What a member knows and does while it leads one term: heartbeats and what follows from their answers. It is made on winning and
/// thrown away on stepping down, so nothing of an old leadership can leak into a new one.
/// </summary>
internal sealed class Leadership
{
    private readonly RaftOptions _options;
    private readonly RaftLog _log;
    private readonly Memberships _memberships;
    private readonly Message _template;
    private readonly LogIndex _firstOfTerm;
    private readonly Replicator _replicator;
    private readonly HeartbeatRounds _rounds;
    private readonly IdleRounds _idle;
    private readonly PendingReads _reads = new();

    public Leadership(RaftOptions options, RaftLog log, MemberId self, Term term, Memberships memberships, Exclusions exclusions, long now)
    {
        (_options, _log, _memberships) = (options, log, memberships);
        _template = new Message { Type = MessageType.Heartbeat, From = self, To = MemberId.None, Term = term };
        Followers = new Followers(options, log, self, memberships, exclusions);
        _replicator = new Replicator(options, log, memberships, Followers, exclusions, _template);
        _rounds = new HeartbeatRounds(options.HeartbeatMs);
        _idle = new IdleRounds(options.QuiesceAfterMs, now);
        Transfer = new LeadershipTransfer(options.ElectionTimeoutMs);
        Followers.MembershipMoved(now);
        // A term begins with an entry of its own: only committing that one tells what earlier terms committed (paper, 5.4.2).
        log.Append(term, EntryType.Command, ReadOnlyMemory<byte>.Empty);
        _firstOfTerm = log.Last;
        _rounds.Start(now);
    }

    public Followers Followers { get; }

    public LeadershipTransfer Transfer { get; }

    /// <summary>Payload bytes proposed and not yet committed.</summary>
    public long UncommittedBytes { get; private set; }

    public bool HasCommittedInTerm => _log.Commit >= _firstOfTerm;

    public bool HasWork => _rounds.IsToSend || _reads.NeedsRound || IsTransferDue || _replicator.HasWork;

    /// <summary>Until when reads may be answered without asking, or a moment long past.</summary>
    public long LeaseUntil => !Transfer.HasToldAny && _rounds.SentAt(ConfirmedRound) is { } sent ? sent + _options.LeaseMs : long.MinValue;

    /// <summary>Time since it was certain that nobody else led; null before this leader knows what earlier ones committed.</summary>
    public long? StalenessMs(long now) => HasCommittedInTerm && _rounds.SentAt(ConfirmedRound) is { } sent ? now - sent : null;

    /// <summary>Whether every follower has become quiescent with the whole log.</summary>
    public bool AreFollowersQuiescent => _idle.AreQuiescent(Followers.All) && IsIdle;

    private ulong ConfirmedRound => Followers.QuorumRound(_rounds.Current);

    private bool IsTransferDue => Transfer.IsUntold && Followers.Find(Transfer.To) is { } p && p.Match == _log.Last;

    private bool IsIdle => _log.Applied == _log.Last && HasCommittedInTerm && _reads.IsEmpty && Transfer.To.IsNone && !_memberships.Latest.IsJoint && Followers.HaveAll;

    /// <summary>Tells the voter that has most to stand at once.</summary>
    public void SendFinalCommit(IRaftOutput output)
    {
        var best = Followers.Successor(static _ => true, 0);
        if (!best.IsNone) output.Send(_template with { Type = MessageType.TimeoutNow, To = best }, [], []);
    }

    public void Proposed(int bytes) => UncommittedBytes += bytes;

    public void Read(ulong context, long now)
    {
        if (!HasCommittedInTerm) _reads.AddBeforeFirstCommit(context);
        else if (_options.LeaseReads && now < LeaseUntil) _reads.AddConfirmed(context, _log.Commit);
        else _reads.AddUnconfirmed(context, _log.Commit, _rounds.Next);
    }

    public void AbortReads(List<ulong> lost) => _reads.Abort(lost);

    public void FlushReads(IRaftOutput output)
    {
        if (!_reads.IsEmpty) _reads.Flush(ConfirmedRound, _log.Applied, output);
    }

    /// <summary>Somebody needs the group: it does not become quiescent for a while.</summary>
    public void Woken(long now, bool wasQuiescent)
    {
        _idle.Woken(now);
        if (!wasQuiescent) return;
        // Nobody was asked meanwhile: their silence says nothing about them.
        foreach (var p in Followers.All) p.HeardAt = now;
        _rounds.Start(now);
    }

    public void Tick(long now)
    {
        if (_rounds.IsTime(now)) _rounds.Start(now);
        Transfer.AbortIfOver(now);
        _replicator.RewindSnapshots(now);
    }

    /// <summary>Commits what a majority has on disk, if it is of this term (paper, 5.4.2 and figure 8).</summary>
    public void AdvanceCommit()
    {
        var reached = Followers.QuorumMatch;
        if (reached <= _log.Commit || _log.TermAt(reached) != _template.Term) return;
        foreach (var entry in _log.After(_log.Commit, (int)(reached - _log.Commit), long.MaxValue))
            UncommittedBytes = Math.Max(0, UncommittedBytes - entry.Payload.Length);
        _log.CommitTo(reached);
        if (HasCommittedInTerm) _reads.FirstCommitted(_log.Commit, _rounds.Next);
    }

    /// <summary>Sends heartbeats, entries and snapshot chunks that are due.</summary>
    public void Send(long now, IRaftOutput output)
    {
        if (_reads.NeedsRound && !_rounds.IsToSend) _rounds.Start(now);
        if (_rounds.IsToSend) SendHeartbeats(now, output);
        _replicator.Send(now, output);
        if (!IsTransferDue) return;
        Transfer.Told();
        output.Send(_template with { Type = MessageType.TimeoutNow, To = Transfer.To }, [], []);
    }

    public void ProvideSnapshot(MemberId to, SnapshotMeta meta, ReadOnlyMemory<byte> data, long now) => _replicator.ProvideSnapshot(to, meta, data, now);

    /// <summary>A follower answers, or says that its disk, or this member's, has lost what it promised to keep.</summary>
    public void OnAnswer(in Message m, long now)
    {
        if (Followers.Counted(m.From) is not { } p) return;
        if (m.Type == MessageType.Violation)
        {
            _replicator.Exclude(p, m.Violation, m.Index, tell: false);
            return;
        }
        p.HeardAt = now;
        switch (m.Type)
        {
            case MessageType.AppendReply:
                _replicator.OnAppendReply(p, m, now);
                AdvanceCommit();
                break;
            case MessageType.HeartbeatReply:
                OnHeartbeatReply(p, m, now);
                break;
            case MessageType.SnapshotReply:
                _replicator.OnSnapshotReply(p, m, now);
                break;
        }
    }

    private void OnHeartbeatReply(Progress p, in Message m, long now)
    {
        if (m.Round <= _rounds.Current) p.Round = Math.Max(p.Round, m.Round);
        if (m.QuiescentTerm > Term.Zero) p.QuiescentRound = Math.Max(p.QuiescentRound, m.Round);
        // An older answer may arrive late; a newer one says that it woke up.
        else if (m.Round == 0 || m.Round >= p.QuiescentRound) p.QuiescentRound = 0;
        if (p.Clock == p.ConfirmedClock)
        {
            p.Clock = m.Clock;
            // Confirmed by any round that leaves from now on, or by the lease already.
            p.ClockRound = _options.LeaseReads && now < LeaseUntil ? 0 : _rounds.Next;
        }
        _replicator.RepeatIfLost(p, now);
    }

    private void SendHeartbeats(long now, IRaftOutput output)
    {
        _rounds.Sent();
        _reads.RoundStarted();
        var mayBecomeQuiescent = _idle.IsTime(now) && IsIdle;
        _idle.Tell(_rounds.Current, mayBecomeQuiescent);
        var confirmed = ConfirmedRound;
        foreach (var p in Followers.All)
        {
            if (!p.IsCounted) continue;
            if (p.ClockRound <= confirmed) p.ConfirmedClock = p.Clock;
            output.Send(_template with
            {
                To = p.Id,
                // A follower is never told of commits beyond what it is known to have: its log may differ there (pitfall 14).
                Commit = LogIndex.Min(_log.Commit, p.Match),
                LeaderCommit = _log.Commit,
                QuiescentTerm = mayBecomeQuiescent ? _log.LastTerm : Term.Zero,
                Round = _rounds.Current,
                Clock = HasCommittedInTerm ? p.ConfirmedClock : 0,
            }, [], []);
        }
    }
}
