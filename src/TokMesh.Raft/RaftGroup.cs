using TokMesh.Raft.Election;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Options;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Replication;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft;

/// <summary>
/// One member of one Raft group: a deterministic state machine without clock, thread, socket or file. Feed it time, messages,
/// proposals and reads; then call <see cref="Drain"/> and do what it says. The same inputs in the same order give the same
/// outputs. One owner at a time; it takes no lock.
/// </summary>
/// <remarks>
/// Diego Ongaro, Consensus: Bridging Theory and Practice (2014). Pre-vote: 9.6. Check-quorum and loyalty to a live leader: 6.2,
/// 4.2.3. Reads: 6.4.
/// </remarks>
public sealed partial class RaftGroup
{
    private readonly RaftOptions _options;
    private readonly RaftLog _log;
    private readonly ElectionTimer _timer;
    private readonly PendingMessages _pending = new();
    private readonly List<ulong> _lostReads = [];
    private readonly Dictionary<MemberId, bool> _votes = [];
    private readonly Memberships _memberships;
    private readonly Tombstone _removed;
    private Leadership? _lead;
    private SnapshotReceive? _receiving;
    private (SnapshotMeta Meta, ReadOnlyMemory<byte> Data)? _toInstall;
    private bool _installing;
    private long _now;
    private bool _roleChanged;
    private bool _mayLead = true;

    // Writes are numbered; hard state and entries of one Drain share a number.
    private bool _hardStateDirty;
    private ulong _issued;
    private ulong _persisted;
    private ulong _hardStateWrite;
    private ulong _entriesWrite;

    /// <summary>Begins, or begins again after a restart, as a follower.</summary>
    /// <param name="self">This member.</param>
    /// <param name="configuration">Membership in force at the log's beginning.</param>
    /// <param name="hardState">What was last made durable.</param>
    /// <param name="log">What was found on disk.</param>
    /// <param name="options">Timings and bounds.</param>
    /// <param name="seed">Seeds the election jitter; different for every member and group.</param>
    /// <param name="nowMs">Monotonic time in milliseconds; never goes back.</param>
    /// <param name="removed">What was kept when this member had been removed from the group; nothing if it never was.</param>
    public RaftGroup(MemberId self, Configuration configuration, HardState hardState, RaftLog log, RaftOptions options, ulong seed, long nowMs, Tombstone removed = default)
    {
        Self = self;
        _log = log;
        _removed = removed;
        _memberships = new Memberships(log, configuration);
        _options = options;
        _timer = new ElectionTimer(options, seed);
        _now = nowMs;
        Term = hardState.Term;
        Vote = hardState.Vote;
        // Before it crashed this member may have told a leader that it would vote for nobody else for a while. The memory of
        // that is gone, so the promise is kept from now on: without this a lease could be broken by a quick restart.
        if (Term > Term.Zero) _timer.LeaderHeard(nowMs);
        else _timer.Restart(nowMs);
    }

    /// <summary>This member.</summary>
    public MemberId Self { get; }

    /// <summary>Newest term seen.</summary>
    public Term Term { get; private set; }

    /// <summary>Whom it voted for in <see cref="Term"/>.</summary>
    public MemberId Vote { get; private set; }

    /// <summary>What it is doing.</summary>
    public Role Role { get; private set; }

    /// <summary>The leader of <see cref="Term"/>, as far as known.</summary>
    public MemberId Leader { get; private set; }

    /// <summary>Membership in force: the log's newest, committed or not.</summary>
    public Configuration Configuration => _memberships.Latest;

    /// <summary>The log; to look at.</summary>
    public RaftLog Log => _log;

    /// <summary>
    /// When false, this member does not campaign and gives up leading: its clock or its disk is not to be trusted. A leader steps down at
    /// its next tick, or, if a transfer is under way by then (<see cref="Transfer"/>), when that has ended one way or the other.
    /// </summary>
    public bool MayLead
    {
        get => _mayLead;
        set
        {
            // A quiescent group would not notice that its leader is gone: it speaks once more before it steps down.
            if (_mayLead && !value && Role == Role.Leader) Wake(_now);
            _mayLead = value;
        }
    }

    /// <summary>
    /// Milliseconds since the commit position this member knows was certainly the newest, as far as it can tell; null if it cannot.
    /// A read of its applied state is at most this stale.
    /// </summary>
    public long? StalenessMs(long nowMs) =>
        Role == Role.Leader ? _lead!.StalenessMs(nowMs)
        : _freshAt is { } fresh && _log.Applied >= _freshIndex ? nowMs - fresh : null;

    /// <summary>Whether a read begun now would be answered from the lease.</summary>
    public bool HasLease(long nowMs) => Role == Role.Leader && _options.LeaseReads && _lead!.HasCommittedInTerm && nowMs < _lead.LeaseUntil;

    /// <summary>Whether this leader's first entry is committed, so that it knows everything earlier leaders acknowledged.</summary>
    public bool IsEstablished => Role == Role.Leader && _lead!.HasCommittedInTerm && _log.Applied >= _log.Commit;

    /// <summary>Whether <see cref="Drain"/> has something to do.</summary>
    public bool HasWork =>
        _hardStateDirty || _log.Issued < _log.Last || _roleChanged || _toInstall is not null || _lostReads.Count > 0
        || LogIndex.Min(_log.Commit, _log.Durable) > _log.Applied || _haltUntold || _exclusions.HasUntold
        || (_lead?.HasWork ?? false) || IsLeaveDue || IsRemovalDue || (!_pending.IsEmpty && _pending.HasDue(_persisted));

    /// <summary>Time passes. Call at least every few milliseconds, or every few tens when quiescent; cheap when nothing is due.</summary>
    public void Tick(long nowMs)
    {
        _now = Math.Max(_now, nowMs);
        if (IsQuiescent || _halted is not null) return;
        if (Role == Role.Leader)
        {
            // Check-quorum: a leader that no majority answers must not go on believing in itself.
            if (_now - _lead!.Followers.QuorumHeardAt(_now) >= _options.ElectionTimeoutMs || (!MayLead && !_lead.Transfer.IsUnderWay(_now)))
                BecomeFollower(Term, MemberId.None);
            else if (_lead.AreFollowersQuiescent) IsQuiescent = true;
            else _lead.Tick(_now);
        }
        else if (_now >= _timer.Deadline)
        {
            if (MayCampaign) Campaign();
            else _timer.Restart(_now);
        }
    }

    /// <summary>Asks the group to commit a command. Whether it was committed is known when it is applied, or never.</summary>
    /// <param name="payload">Not empty; not written to any more by the caller.</param>
    /// <param name="index">Where it stands in the log, if accepted.</param>
    public ProposeStatus Propose(ReadOnlyMemory<byte> payload, out LogIndex index)
    {
        index = default;
        if (!TakesProposals) return ProposeStatus.NotLeader;
        Wake(_now);
        if (_lead!.UncommittedBytes > 0 && _lead.UncommittedBytes + payload.Length > _options.MaxUncommittedBytes) return ProposeStatus.Busy;
        _log.Append(Term, EntryType.Command, payload);
        _lead.Proposed(payload.Length);
        index = _log.Last;
        return ProposeStatus.Accepted;
    }

    /// <summary>
    /// Begins a linearizable read. <see cref="IRaftOutput.ReadReady"/> follows with the same context when it may be answered, or
    /// <see cref="IRaftOutput.ReadLost"/>. False when this member does not lead.
    /// </summary>
    /// <param name="context">The caller's name for the read.</param>
    /// <param name="nowMs">Time sampled after the read had been asked for: an earlier sample could trust a lease that has ended.</param>
    public bool Read(ulong context, long nowMs)
    {
        if (Role != Role.Leader) return false;
        Wake(nowMs);
        _lead!.Read(context, _now);
        return true;
    }

    /// <summary>Everything handed out for writing up to this number is on disk.</summary>
    public void Persisted(ulong seq)
    {
        if (seq > _issued) throw new RaftInvariantException($"Write {seq} was never handed out; the last was {_issued}.");
        _persisted = Math.Max(_persisted, seq);
        _log.PersistedTo(seq);
        if (Role == Role.Candidate && HardStateWrite <= _persisted) CountVote(Self, true);
        if (Role == Role.Leader) _lead!.AdvanceCommit();
    }

    /// <summary>What a snapshot of the state machine as it is applied now stands for.</summary>
    public SnapshotMeta AppliedMeta => new(_log.Applied, _log.TermAt(_log.Applied)!.Value, ConfigurationAt(_log.Applied));

    /// <summary>A snapshot for a follower, of the state machine as it is applied now.</summary>
    public void ProvideSnapshot(MemberId to, ReadOnlyMemory<byte> data) => _lead?.ProvideSnapshot(to, AppliedMeta, data, _now);

    /// <summary>The snapshot handed out by <see cref="IRaftOutput.InstallSnapshot"/> is durable and is what the state machine holds.</summary>
    public void SnapshotInstalled(SnapshotMeta meta)
    {
        _installing = false;
        _log.ResetTo(meta.Index, meta.Term);
        _memberships.Reset(meta.Configuration);
        if (!Leader.IsNone) AcknowledgeAppend(Leader, meta.Index, 0);
    }

    /// <summary>Forgets applied entries in memory that followers no longer need, and any beyond the bound.</summary>
    /// <param name="keepBytes">How many bytes, as <see cref="RaftLog.Bytes"/> counts them, may be kept for slow followers.</param>
    public void Trim(long keepBytes)
    {
        var to = _lead is null ? _log.Applied : LogIndex.Min(_log.Applied, _lead.Followers.SlowestMatch);
        if (_lead is null || _log.Bytes > keepBytes)
        {
            // Followers keep some too: any of them may lead next, and would rather send entries than snapshots.
            var excess = _log.Bytes - keepBytes;
            var at = _log.Base;
            foreach (var entry in _log.After(_log.Base, int.MaxValue, long.MaxValue))
            {
                if (excess <= 0 || entry.Index > _log.Applied) break;
                excess -= entry.Payload.Length + RaftLog.EntryOverhead;
                at = entry.Index;
            }
            to = _lead is null ? at : LogIndex.Max(to, at);
        }
        _log.CompactTo(LogIndex.Min(to, _log.Applied));
        _memberships.Compacted();
    }

    /// <summary>Hands out everything that is due: writes, messages, entries to apply, reads, changes of role.</summary>
    public void Drain(IRaftOutput output)
    {
        FollowUpChanges(output);
        FlushViolations(output);
        // Appends leave before the leader's own write is durable (dissertation, 10.2.1); the leader counts itself only later.
        _lead?.Send(_now, output);
        if (_hardStateDirty || _log.Issued < _log.Last) Issue(output);
        _pending.Flush(_persisted, Term, output);
        var entries = _log.Applicable(_options.MaxEntriesPerApply);
        if (!entries.IsEmpty)
        {
            var last = entries[^1].Index;
            output.Apply(entries);
            _log.AppliedTo(last);
        }
        _lead?.FlushReads(output);
        if (_lostReads.Count > 0)
        {
            foreach (var context in _lostReads) output.ReadLost(context);
            _lostReads.Clear();
        }
        if (_toInstall is { } install)
        {
            _toInstall = null;
            output.InstallSnapshot(install.Meta, install.Data);
        }
        if (_roleChanged)
        {
            _roleChanged = false;
            output.RoleChanged(Role, Term, Leader);
        }
    }

    private void Issue(IRaftOutput output)
    {
        var seq = ++_issued;
        HardState? hardState = null;
        if (_hardStateDirty)
        {
            hardState = new HardState(Term, Vote);
            _hardStateDirty = false;
            _hardStateWrite = seq;
        }
        output.Persist(seq, hardState, _log.Unissued);
        if (_log.Issued < _log.Last)
        {
            _log.IssuedAs(seq);
            _entriesWrite = seq;
        }
    }

    /// <summary>The write that makes the current term and vote durable.</summary>
    private ulong HardStateWrite => _hardStateDirty ? _issued + 1 : _hardStateWrite;

    /// <summary>The write that makes the log as it is now durable.</summary>
    private ulong EntriesWrite => Math.Max(_log.Issued < _log.Last ? _issued + 1 : _entriesWrite, HardStateWrite);

    private Message To(MemberId to, MessageType type) => new() { Type = type, From = Self, To = to, Term = Term };

    private void BecomeFollower(Term term, MemberId leader)
    {
        if (term > Term)
        {
            Term = term;
            Vote = MemberId.None;
            _hardStateDirty = true;
        }
        if (_lead is not null)
        {
            _lead.AbortReads(_lostReads);
            _lead = null;
        }
        IsQuiescent = false;
        if (Role != Role.Follower || Leader != leader) _roleChanged = true;
        if (Role != Role.Follower) _timer.Restart(_now);
        Role = Role.Follower;
        Leader = leader;
        _freshAt = null;
    }
}
