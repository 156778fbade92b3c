namespace TokMesh.Raft;

/// <summary>
/// What a member knows and does while it leads one term: how far each follower is, heartbeats, reads. It is made on winning and
/// thrown away on stepping down, so nothing of an old leadership can leak into a new one.
/// </summary>
internal sealed partial class Leadership
{
    /// <summary>A follower and the way to it are expected to take at least this much.</summary>
    private const int SlowestBytesPerMs = 4 << 10;
    private const int MaxProbeBytes = 64 << 10;

    private readonly RaftOptions _options;
    private readonly RaftLog _log;
    private readonly MemberId _self;
    private readonly Term _term;
    private readonly Memberships _memberships;
    private readonly Exclusions _exclusions;
    private Progress[] _followers = [];
    private readonly Rounds _rounds = new();
    private readonly PendingReads _reads = new();
    private readonly List<ulong> _readsBeforeFirstCommit = [];
    private readonly LogIndex _firstOfTerm;
    private long _nextHeartbeat;
    private long _wokenAt;

    // The first heartbeat round of which all were told that the group may become quiescent; zero while it may not.
    private ulong _idleSince;
    private bool _roundToSend;
    private ulong _probes;
    private long _transferUntil;
    private bool _transferSent;

    // Whoever was told to stand may do so whenever the message arrives, and is voted for without regard to this leader: it can
    // never trust a lease again (pitfall 49).
    private bool _handedOver;

    public Leadership(RaftOptions options, RaftLog log, MemberId self, Term term, Memberships memberships, Exclusions exclusions, long now)
    {
        (_options, _log, _self, _term, _memberships, _exclusions) = (options, log, self, term, memberships, exclusions);
        MembershipMoved(now);
        // A term begins with an entry of its own: only committing that one tells what earlier terms committed (paper, 5.4.2).
        log.Append(term, EntryType.Command, ReadOnlyMemory<byte>.Empty);
        _firstOfTerm = log.Last;
        _wokenAt = now;
        StartRound(now);
    }

    private Configuration Configuration => _memberships.Latest;

    /// <summary>Payload bytes proposed and not yet committed.</summary>
    public long UncommittedBytes { get; private set; }

    public bool HasCommittedInTerm => _log.Commit >= _firstOfTerm;

    public bool HasWork => _roundToSend || _reads.NeedsRound || IsTransferDue || HasSendable();

    /// <summary>When a majority, this member included, was last heard; milliseconds.</summary>
    public long QuorumHeardAt(long now) => (long)Quorum.Reached(Configuration, new HeardAt(this, now));

    /// <summary>Until when reads may be answered without asking, or a moment long past.</summary>
    public long LeaseUntil => !_handedOver && _rounds.SentAt(ConfirmedRound) is { } sent ? sent + _options.LeaseMs : long.MinValue;

    /// <summary>Time since it was certain that nobody else led; null before this leader knows what earlier ones committed.</summary>
    public long? StalenessMs(long now) => HasCommittedInTerm && _rounds.SentAt(ConfirmedRound) is { } sent ? now - sent : null;

    /// <summary>Who shall lead next; none when nothing is being handed over.</summary>
    public MemberId TransferTo { get; private set; }

    /// <summary>Entries after this are still wanted by a follower, or will be once its snapshot has arrived.</summary>
    public LogIndex SlowestMatch
    {
        get
        {
            var slowest = _log.Last;
            foreach (var p in _followers)
                if (p.IsCounted) slowest = LogIndex.Min(slowest, p.Snapshot?.Meta.Index ?? p.Match);
            return slowest;
        }
    }

    /// <summary>Another membership is in force: newcomers are fed from where the log ends, whoever left is forgotten.</summary>
    public void MembershipMoved(long now)
    {
        _followers = [.. Configuration.Members.Where(m => m != _self)
            .Select(m => Find(m) ?? NewProgress(m, now))];
    }

    private Progress NewProgress(MemberId id, long now)
    {
        var progress = new Progress(id, _log.Last.Next, _options.MaxInflightAppends, _options.MaxInflightBytes) { HeardAt = now };
        if (_exclusions.Of(id) is not LogViolation.None and var violation) progress.Exclude(violation);
        return progress;
    }

    /// <summary>It was started anew, and is asked again for what it had acknowledged.</summary>
    public void Readmit(MemberId id) => Find(id)?.Readmit();

    /// <summary>Entries a follower lacks; null while it is not even known where its log agrees.</summary>
    public long? LagOf(MemberId id) => Find(id) is { Mode: ProgressMode.Replicate, IsCounted: true } p ? _log.Last - p.Match : null;

    /// <summary>The voter of the newest membership that has most of the log, among those asked for.</summary>
    public MemberId Successor(Func<MemberId, bool> mayLead, uint turn)
    {
        Progress? best = null;
        for (var i = 0; i < _followers.Length; i++)
        {
            var p = _followers[(i + turn) % _followers.Length];
            if (p.IsCounted && Configuration.Voters.Contains(p.Id) && mayLead(p.Id) && (best is null || p.Match > best.Match)) best = p;
        }
        return best?.Id ?? MemberId.None;
    }

    /// <summary>Tells the voter that has most to stand at once.</summary>
    public void SendFinalCommit(IRaftOutput output)
    {
        if (Find(Successor(static _ => true, 0)) is { } best) output.Send(To(best, MessageType.TimeoutNow), [], []);
    }

    public void Proposed(int bytes) => UncommittedBytes += bytes;

    public void Read(ulong context, long now)
    {
        if (!HasCommittedInTerm) _readsBeforeFirstCommit.Add(context);
        else if (_options.LeaseReads && now < LeaseUntil) _reads.AddConfirmed(context, _log.Commit);
        else _reads.AddUnconfirmed(context, _log.Commit, NextRound);
    }

    public void AbortReads(List<ulong> lost)
    {
        lost.AddRange(_readsBeforeFirstCommit);
        _readsBeforeFirstCommit.Clear();
        _reads.Abort(lost);
    }

    /// <summary>Begins to hand over: nothing new is proposed until the other has everything and is told, or the time is over.</summary>
    public void BeginTransfer(MemberId to, long now)
    {
        if (TransferTo == to) return;
        (TransferTo, _transferUntil, _transferSent) = (to, now + _options.ElectionTimeoutMs, false);
    }

    /// <summary>Whether the other may yet take over.</summary>
    public bool IsHandingOver(long now) => !TransferTo.IsNone && now < _transferUntil;

    public void AbortTransfer() => TransferTo = MemberId.None;

    private bool IsTransferDue => !TransferTo.IsNone && !_transferSent && Find(TransferTo) is { } p && p.Match == _log.Last;

    /// <summary>Somebody needs the group: it does not become quiescent for a while.</summary>
    public void Woken(long now, bool wasQuiescent)
    {
        (_wokenAt, _idleSince) = (now, 0);
        if (!wasQuiescent) return;
        // Nobody was asked meanwhile: their silence says nothing about them.
        foreach (var p in _followers) p.HeardAt = now;
        StartRound(now);
    }

    /// <summary>Whether every follower has become quiescent with the whole log.</summary>
    public bool AreFollowersQuiescent
    {
        get
        {
            if (_idleSince == 0 || !IsIdle) return false;
            foreach (var p in _followers)
                if (p.IsCounted && p.QuiescentRound < _idleSince) return false;
            return true;
        }
    }

    private bool IsIdle
    {
        get
        {
            if (_log.Applied < _log.Last || !HasCommittedInTerm || !_reads.IsEmpty || !TransferTo.IsNone || Configuration.IsJoint) return false;
            foreach (var p in _followers)
                if (p.IsCounted && (p.Mode != ProgressMode.Replicate || p.Match < _log.Last)) return false;
            return true;
        }
    }

    public void FlushReads(IRaftOutput output)
    {
        if (!_reads.IsEmpty) _reads.Flush(ConfirmedRound, _log.Applied, output);
    }

    public void Tick(long now)
    {
        if (now >= _nextHeartbeat) StartRound(now);
        // The other did not take over in an election timeout: this member leads on.
        if (!TransferTo.IsNone && now >= _transferUntil) AbortTransfer();
        foreach (var p in _followers)
        {
            if (p.Mode == ProgressMode.Snapshot && p.Snapshot is { } s && now - s.MovedAt >= _options.ElectionTimeoutMs) s.Rewind(now);
        }
    }

    /// <summary>Commits what a majority has on disk, if it is of this term (paper, 5.4.2 and figure 8). Tells whether that moved.</summary>
    public bool AdvanceCommit()
    {
        var reached = new LogIndex(Quorum.Reached(Configuration, new Matched(this)));
        if (reached <= _log.Commit || _log.TermAt(reached) != _term) return false;
        foreach (var entry in _log.After(_log.Commit, (int)(reached - _log.Commit), long.MaxValue))
            UncommittedBytes = Math.Max(0, UncommittedBytes - entry.Payload.Length);
        _log.CommitTo(reached);
        if (HasCommittedInTerm && _readsBeforeFirstCommit.Count > 0)
        {
            foreach (var context in _readsBeforeFirstCommit) _reads.AddUnconfirmed(context, _log.Commit, NextRound);
            _readsBeforeFirstCommit.Clear();
        }
        return true;
    }

    /// <summary>Sends heartbeats, entries and snapshot chunks that are due.</summary>
    public void Send(long now, IRaftOutput output)
    {
        if (_reads.NeedsRound && !_roundToSend) StartRound(now);
        if (_roundToSend)
        {
            _roundToSend = false;
            _reads.RoundStarted();
            var mayBecomeQuiescent = _options.QuiesceAfterMs > 0 && now - _wokenAt >= _options.QuiesceAfterMs && IsIdle;
            if (!mayBecomeQuiescent) _idleSince = 0;
            else if (_idleSince == 0) _idleSince = _rounds.Current;
            foreach (var p in _followers)
            {
                if (!p.IsCounted) continue;
                if (p.ClockRound <= ConfirmedRound) p.ConfirmedClock = p.Clock;
                // A follower is never told of commits beyond what it is known to have: its log may differ there (pitfall 14).
                output.Send(To(p, MessageType.Heartbeat) with
                {
                    Commit = LogIndex.Min(_log.Commit, p.Match),
                    Index = _log.Commit,
                    LogTerm = mayBecomeQuiescent ? _log.LastTerm : Term.Zero,
                    Context = _rounds.Current,
                    Offset = HasCommittedInTerm ? p.ConfirmedClock : 0,
                }, [], []);
            }
        }
        foreach (var p in _followers) SendTo(p, now, output);
        if (!IsTransferDue) return;
        _transferSent = _handedOver = true;
        output.Send(To(Find(TransferTo)!, MessageType.TimeoutNow), [], []);
    }

    /// <summary>The first round that leaves after this moment.</summary>
    private ulong NextRound => _roundToSend ? _rounds.Current : _rounds.Current + 1;

    private ulong ConfirmedRound => Quorum.Reached(Configuration, new Answered(this));

    private void StartRound(long now)
    {
        _rounds.Start(now);
        // On a common beat, so that the heartbeats of all groups of a node travel together.
        _nextHeartbeat = (now / _options.HeartbeatMs + 1) * _options.HeartbeatMs;
        _roundToSend = true;
    }

    private bool HasSendable()
    {
        foreach (var p in _followers)
        {
            if (!p.IsCounted) continue;
            if (p.Mode == ProgressMode.Snapshot ? p.Snapshot is { CanSend: true } || IsSnapshotDue(p) : p.CanSend && (p.Next <= _log.Last || p.Mode == ProgressMode.Probe))
                return true;
        }
        return false;
    }

    /// <summary>A newcomer's snapshot must know the newcomer: it waits until the change that brought it is applied (pitfall 34).</summary>
    private bool IsSnapshotDue(Progress p) => p.Snapshot is null && _memberships.At(_log.Applied).Contains(p.Id);

    private void SendTo(Progress p, long now, IRaftOutput output)
    {
        if (!p.IsCounted) return;
        if (p.Mode != ProgressMode.Snapshot && p.Next.Previous < _log.Base)
        {
            p.BecomeSnapshot();
        }
        if (p.Mode == ProgressMode.Snapshot)
        {
            if (IsSnapshotDue(p)) output.SnapshotNeeded(p.Id);
            while (p.Snapshot is { CanSend: true } s)
            {
                var chunk = s.NextChunk(out var offset);
                output.Send(To(p, MessageType.SnapshotChunk) with
                {
                    Index = s.Meta.Index,
                    LogTerm = s.Meta.Term,
                    Context = s.Context,
                    Offset = offset,
                    Total = s.Total,
                }, [], chunk);
            }
            return;
        }
        while (p.CanSend)
        {
            var previous = p.Next.Previous;
            var entries = _log.After(previous, _options.MaxEntriesPerAppend, _options.MaxBytesPerAppend);
            if (entries.IsEmpty && p.Mode == ProgressMode.Replicate) return;
            // A probe may be repeated often before it is answered: what is large waits until the follower's position is known.
            if (p.Mode == ProgressMode.Probe && !entries.IsEmpty && entries[0].Payload.Length > MaxProbeBytes) entries = [];
            if (p.Mode == ProgressMode.Probe) p.Probed(++_probes);
            output.Send(To(p, MessageType.Append) with
            {
                Index = previous,
                LogTerm = _log.TermAt(previous)!.Value,
                Commit = _log.Commit,
                Context = p.Mode == ProgressMode.Probe ? p.ProbeNumber : 0,
            }, entries, []);
            if (p.Mode == ProgressMode.Probe) return;
            if (p.Inflights.Count == 0) p.MovedAt = now;
            long bytes = 0;
            foreach (var entry in entries) bytes += entry.Payload.Length;
            p.Sent(entries[^1].Index, bytes);
        }
    }

    private Message To(Progress p, MessageType type) => new() { Type = type, From = _self, To = p.Id, Term = _term };

    public Progress? Find(MemberId id)
    {
        foreach (var p in _followers)
            if (p.Id == id) return p;
        return null;
    }

    private Progress? Counted(MemberId id) => Find(id) is { IsCounted: true } p ? p : null;

    // How far each voter is, by three measures. This member stands for itself: what is on its own disk, the current round, now.
    private readonly struct Matched(Leadership l) : Quorum.IReached
    {
        public ulong Of(MemberId voter) => voter == l._self ? l._log.Durable.Value : l.Counted(voter)?.Match.Value ?? 0;
    }

    private readonly struct Answered(Leadership l) : Quorum.IReached
    {
        public ulong Of(MemberId voter) => voter == l._self ? l._rounds.Current : l.Counted(voter)?.Round ?? 0;
    }

    private readonly struct HeardAt(Leadership l, long now) : Quorum.IReached
    {
        public ulong Of(MemberId voter) => (ulong)Math.Max(0, voter == l._self ? now : l.Counted(voter)?.HeardAt ?? 0);
    }
}
