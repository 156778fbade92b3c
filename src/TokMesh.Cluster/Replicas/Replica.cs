using System.Buffers;
using System.Runtime.InteropServices;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.States;
using TokMesh.Raft;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Replication;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Wire;
using TokMesh.State.Entries;

namespace TokMesh.Cluster.Replicas;

/// <summary>This node's member of one group: the Raft member, the state machine it drives, and what waits for either.</summary>
internal sealed class Replica : IRaftOutput, IApplySink
{
    /// <summary>Entries bigger than this are proposed before the turn ends.</summary>
    private const int MaxEntryBytes = 1 << 20;

    private readonly IReplicaHost _lane;
    private readonly Func<ReadOnlyMemory<byte>, IGroupState> _restore;
    private readonly EntryBuilder _entry;
    private readonly BatchEntries _inBatches = new();
    private readonly List<(MemberId Node, ulong Origin, ulong Epoch, ulong First)> _entrySources = [];
    private readonly Dictionary<ulong, WriteStream> _streams = [];
    private readonly Dictionary<ulong, WaitingRead> _reads = [];
    private readonly ArrayBufferWriter<byte> _reply = new(256);
    private readonly IRaftOutput _output;
    private IGroupState _state;
    private ulong _nextRead;
    private bool _leads;

    public Replica(IReplicaHost lane, uint group, RaftGroup raft, IGroupState state, Func<ReadOnlyMemory<byte>, IGroupState> restore)
    {
        (_lane, Group, Raft, _state, _restore) = (lane, group, raft, state, restore);
        _entry = new EntryBuilder(group == 0 ? MetaOps.IsWellFormed : OpFormat.IsWellFormed);
        _output = lane.Trace?.Output(this) ?? this;
    }

    public uint Group { get; }

    public RaftGroup Raft { get; }

    public IGroupState State => _state;

    public MemberId Leader => Raft.Leader;

    /// <summary>Whether the lane has it on its list of groups that gather writes.</summary>
    public bool IsGathering { get; set; }

    /// <summary>Whether the lane has it on its list of groups to step.</summary>
    public bool IsListed { get; set; }

    /// <summary>Last entry a durable snapshot of this node includes.</summary>
    public ulong SnapshotIndex { get; set; }

    public bool SnapshotUnderWay { get; set; }

    /// <summary>Since when it leads, if it does; monotonic milliseconds.</summary>
    public long LeadsSinceMs { get; set; }

    /// <summary>Whether it was removed from this node: what is still on its way to it comes to nothing.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>The newest commit position that was given to the log.</summary>
    public LogIndex KeptCommit { get; set; }

    /// <summary>Whether an operation of the leader's own is on its way; at most one at a time.</summary>
    public bool MaintenanceUnderWay { get; set; }

    /// <summary>
    /// Takes a section of writes into the entry being built; a refusal says why not. Sections of an origin are taken in the order
    /// of their numbers, without a gap, within one epoch: after one was refused or lost on the way, the rest of its epoch would
    /// overtake it and is refused too.
    /// </summary>
    public Refusal? Accept(MemberId node, ulong origin, ulong epoch, ulong number, ulong first, ReadOnlySpan<byte> section)
    {
        ref var stream = ref CollectionsMarshal.GetValueRefOrAddDefault(_streams, origin, out _);
        if (epoch < stream.Epoch) return Refusal.NotLeader;
        if (epoch > stream.Epoch) stream = new WriteStream { Epoch = epoch };
        if (stream.Refused || number != stream.Next || Raft.Role != Role.Leader)
        {
            stream.Refused = true;
            return Refusal.NotLeader;
        }
        // A wrong clock must not stamp an entry: the shard's time never goes back, and what had not expired would be gone for good. This
        // member gives up leading as soon as its clock has been judged, and the next leader stamps the write.
        if (!_lane.Wall.IsTrusted)
        {
            stream.Refused = true;
            return Refusal.NotLeader;
        }
        if (_entrySources.Count == 0) _entry.Start(_lane.Wall.WallMs);
        if (!_entry.TryAppendRaw(section))
        {
            stream.Refused = true;
            return Refusal.Malformed;
        }
        stream.Next++;
        _entrySources.Add((node, origin, epoch, first));
        // The lane steps the group when it proposes what was gathered; until then there is nothing to do for it.
        _lane.Gathers(this);
        if (_entry.Written.Length < MaxEntryBytes) return null;
        Propose(null);
        _lane.HasWork(this);
        return null;
    }

    /// <summary>Proposes what has been gathered, as one entry.</summary>
    /// <param name="batch">The batch it belongs to; null when it cannot wait for one.</param>
    public void Propose(ProposalBatch? batch)
    {
        if (_entrySources.Count == 0) return;
        var status = Raft.Propose(_entry.Written.ToArray(), out var index);
        if (status == ProposeStatus.Accepted)
        {
            if (batch is not null) _inBatches.Add(index, batch);
        }
        else
        {
            var reason = status == ProposeStatus.Busy ? Refusal.Busy : Refusal.NotLeader;
            foreach (var (node, origin, epoch, first) in _entrySources)
            {
                ref var stream = ref CollectionsMarshal.GetValueRefOrAddDefault(_streams, origin, out _);
                if (stream.Epoch != epoch || stream.Refused) continue;
                stream.Refused = true;
                _lane.RefuseWrites(Group, node, origin, epoch, reason, Raft.Leader, first);
            }
        }
        _entrySources.Clear();
    }

    /// <summary>Begins a linearizable read for a caller on some node. False when this replica does not lead.</summary>
    public bool Read(MemberId node, ulong origin, ulong id, CallKind kind, ReadOnlyMemory<byte> query)
    {
        if (!KnowsTime) return false;
        var context = ++_nextRead;
        // The read may be answered as soon as it is drained; it must be known before.
        _reads.Add(context, new WaitingRead(node, origin, id, kind, query));
        if (Raft.Read(context, _lane.NowMs))
        {
            _lane.HasWork(this);
            return true;
        }
        _reads.Remove(context);
        return false;
    }

    /// <summary>Answers a call of this node from this replica if it is fresh enough, and this node knows the time or nobody else can be asked.</summary>
    public bool TryReadLocally(Call call)
    {
        if (!IsFresh(call.Consistency)) return false;
        if (!KnowsTime) return Raft.Leader.IsNone && TryReadByStamp(call);
        call.Answer(Answer(CallKind.Read, call.Body));
        return true;
    }

    /// <summary>
    /// Answers a local call as of the newest entry applied here, whose stamp is a trusted leader's time: nothing is called expired too
    /// early. For when this node does not know the time and no leader can be asked.
    /// </summary>
    public bool TryReadByStamp(Call call)
    {
        if (call.Consistency.Level != ConsistencyLevel.Local) return false;
        // The state never goes by an earlier time than its newest stamp's.
        call.Answer(Answer(CallKind.Read, call.Body, atMs: 0));
        return true;
    }

    /// <summary>Answers another node's call of less than linearizable consistency; false when it is not fresh enough.</summary>
    public bool TryReadFor(MemberId node, ulong origin, ulong id, Consistency consistency, ReadOnlyMemory<byte> query)
    {
        if (!IsFresh(consistency) || !KnowsTime) return false;
        _lane.ReplyToRead(Group, node, origin, id, Answer(CallKind.Read, query));
        return true;
    }

    /// <summary>The state as one snapshot body.</summary>
    public ArrayBufferWriter<byte> WriteSnapshot()
    {
        var buffer = new ArrayBufferWriter<byte>(64 << 10);
        _state.WriteSnapshot(buffer);
        return buffer;
    }

    /// <summary>Steps the group: does everything that is due. Tells whether more is.</summary>
    public bool Step()
    {
        _lane.Trace?.Stepped(this);
        Raft.Drain(_output);
        _lane.Trace?.Stepped(this);
        return Raft.HasWork;
    }

    /// <summary>A snapshot received from the leader is on disk: it becomes the state.</summary>
    public void Installed(SnapshotMeta meta, ReadOnlyMemory<byte> data)
    {
        _state = _restore(data);
        _lane.Log.AppendReset(Group, meta.Index.Value, meta.Term.Value);
        SnapshotIndex = meta.Index.Value;
        KeptCommit = LogIndex.Max(KeptCommit, meta.Index);
        Raft.SnapshotInstalled(meta);
        _lane.Trace?.Stepped(this);
        _lane.HasWork(this);
    }

    public void Persist(ulong seq, HardState? hardState, ReadOnlySpan<Entry> entries)
    {
        if (hardState is { } h) _lane.Log.AppendHardState(Group, h.Term.Value, h.Vote.Value);
        foreach (var entry in entries)
            _lane.Log.AppendEntry(Group, entry.Index.Value, entry.Term.Value, (byte)entry.Type, entry.Payload.Span);
        // Everything up to the last entry has been handed out by now.
        KeepCommit(Raft.Log.Commit);
        _lane.AcknowledgeWhenDurable(this, seq);
    }

    /// <summary>
    /// Writes down how far the group is known to be committed, unless that has been written: after a restart this member then knows it
    /// before it hears any leader, and objects to one that lost it.
    /// </summary>
    public void KeepCommit() => KeepCommit(LogIndex.Min(Raft.Log.Commit, Raft.Log.Issued));

    private void KeepCommit(LogIndex commit)
    {
        if (commit <= KeptCommit) return;
        KeptCommit = commit;
        _lane.Log.AppendCommit(Group, commit.Value);
    }

    public void Excluded(MemberId follower, LogViolation violation, LogIndex index) => _lane.Excluded(Group, follower, violation, index);

    public void Halted(LogViolation violation, MemberId leader, LogIndex index) => _lane.Halted(Group, violation, index);

    public void Send(in Message message, ReadOnlySpan<Entry> entries, ReadOnlySpan<byte> data) => _lane.Send(Group, message, entries, data);

    public void Apply(ReadOnlySpan<Entry> entries)
    {
        _inBatches.Committed(entries[^1].Index);
        foreach (var entry in entries)
            if (entry.Type == EntryType.Command) _state.Apply(entry.Index.Value, entry.Payload.Span, this);
    }

    /// <summary>One operation has taken effect: the leader tells the caller.</summary>
    public void Applied(ulong origin, ulong seq, ReadOnlySpan<byte> reply)
    {
        if (Raft.Role == Role.Leader) _lane.ReplyToWrite(Group, origin, seq, reply);
    }

    public void ReadReady(ulong context)
    {
        if (!_reads.Remove(context, out var read)) return;
        if (!KnowsTime)
        {
            _lane.RefuseRead(Group, read.Node, read.Origin, read.Id, Refusal.NotLeader, MemberId.None);
            return;
        }
        _lane.ReplyToRead(Group, read.Node, read.Origin, read.Id, Answer(read.Kind, read.Query));
    }

    public void ReadLost(ulong context)
    {
        if (_reads.Remove(context, out var read))
            _lane.RefuseRead(Group, read.Node, read.Origin, read.Id, Refusal.NotLeader, Raft.Leader);
    }

    public void SnapshotNeeded(MemberId to) => Raft.ProvideSnapshot(to, WriteSnapshot().WrittenMemory);

    public void InstallSnapshot(SnapshotMeta meta, ReadOnlyMemory<byte> data) => _lane.Install(this, meta, data);

    public void RoleChanged(Role role, Term term, MemberId leader)
    {
        if (_leads && role != Role.Leader)
        {
            _state.LeadershipLost();
            _inBatches.Clear();
            MaintenanceUnderWay = false;
        }
        _leads = role == Role.Leader;
        _lane.RoleChanged(this, role, term, leader);
    }

    private bool IsFresh(Consistency consistency) => consistency.Level switch
    {
        ConsistencyLevel.Local => true,
        ConsistencyLevel.Bounded => Raft.StalenessMs(_lane.NowMs) is { } ms && ms <= consistency.MaxStalenessMs,
        _ => false,
    };

    /// <summary>Whether this node may say what has expired, or the group does not care.</summary>
    private bool KnowsTime => _lane.Wall.IsTrusted || !_state.DependsOnTime;

    private byte[] Answer(CallKind kind, ReadOnlyMemory<byte> query) => Answer(kind, query, _lane.Wall.WallMs);

    private byte[] Answer(CallKind kind, ReadOnlyMemory<byte> query, long atMs)
    {
        _reply.ResetWrittenCount();
        if (kind == CallKind.LeaderRead) _state.LeaderQuery(query.Span, atMs, _reply);
        else _state.Query(query.Span, atMs, _reply);
        return _reply.WrittenSpan.ToArray();
    }

    /// <summary>How far the writes of one router have been taken.</summary>
    private struct WriteStream
    {
        public ulong Epoch;
        public ulong Next;
        public bool Refused;
    }

    private sealed record WaitingRead(MemberId Node, ulong Origin, ulong Id, CallKind Kind, ReadOnlyMemory<byte> Query);
}
