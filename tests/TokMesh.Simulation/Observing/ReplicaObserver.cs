using TokMesh.Cluster.Replicas;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Wire;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Observing;

/// <summary>Stands between one replica and its Raft member: checks what both say, and tells a trace if there is one.</summary>
internal sealed class ReplicaObserver(Observers observers, VirtualNode node, Replica replica, DurableLog durable) : IRaftOutput
{
    private readonly ReplicaTracer? _tracer = observers.Trace is { } trace && !node.IsCopy ? new ReplicaTracer(trace, node, replica) : null;
    private SnapshotMeta? _installing;

    public VirtualNode Node => node;

    private SimulationFailure Failure(string what) => new($"Node {node.Id}, group {replica.Group}: {what}") { Group = replica.Group };

    public void Received(in Message message, IReadOnlyList<Entry> entries, int bytes) => _tracer?.Received(message, entries, bytes);

    public void PersistedTo(ulong seq)
    {
        durable.Persisted(seq);
        _tracer?.Persisted(seq);
    }

    public void Stepped()
    {
        if (_installing is { } meta && replica.Raft.Log.Base == meta.Index)
        {
            _installing = null;
            durable.Reset(meta.Index, meta.Term);
            observers.SnapshotInstalls++;
            _tracer?.Installed(meta);
        }
        _tracer?.Stepped();
    }

    public void Removed() => _tracer?.Removed();

    /// <summary>A restart found this.</summary>
    public void Recovered()
    {
        if (durable.Recovered(replica.Raft) is { } problem) throw Failure($"after a restart, {problem}.");
        _tracer?.Recovered();
    }

    public void Persist(ulong seq, HardState? hardState, ReadOnlySpan<Entry> entries)
    {
        durable.Issued(seq, hardState, entries);
        _tracer?.Persist(seq, hardState, entries);
        replica.Persist(seq, hardState, entries);
    }

    public void Send(in Message message, ReadOnlySpan<Entry> entries, ReadOnlySpan<byte> data)
    {
        _tracer?.Sent(message, entries, data.Length);
        if (!message.Reject)
        {
            if (message.Type == MessageType.VoteReply && (durable.Term != message.Term || durable.Vote != message.To))
                throw Failure($"granted {message.To} a vote in term {message.Term} that is not on its disk.");
            if (message.Type == MessageType.AppendReply && !durable.Holds(message.Index))
                throw Failure($"acknowledged entry {message.Index}, but its disk ends at {durable.Last}.");
        }
        replica.Send(message, entries, data);
    }

    public void Apply(ReadOnlySpan<Entry> entries)
    {
        foreach (var entry in entries)
        {
            observers.Invariants.Applied(replica.Group, node.Id, entry);
            _tracer?.Applied(entry);
        }
        replica.Apply(entries);
    }

    public void ReadReady(ulong context)
    {
        _tracer?.ReadReady(context);
        replica.ReadReady(context);
    }

    public void ReadLost(ulong context) => replica.ReadLost(context);

    public void SnapshotNeeded(MemberId to) => replica.SnapshotNeeded(to);

    public void InstallSnapshot(SnapshotMeta meta, ReadOnlyMemory<byte> data)
    {
        _installing = meta;
        replica.InstallSnapshot(meta, data);
    }

    public void Excluded(MemberId follower, LogViolation violation, LogIndex index)
    {
        observers.Accused(node, replica.Group, follower, violation);
        replica.Excluded(follower, violation, index);
    }

    public void Halted(LogViolation violation, MemberId leader, LogIndex index)
    {
        observers.Accused(node, replica.Group, node.Id, violation);
        replica.Halted(violation, leader, index);
    }

    public void RoleChanged(Role role, Term term, MemberId leader)
    {
        if (role == Role.Leader) observers.Invariants.Leads(replica.Group, term, node.Id);
        replica.RoleChanged(role, term, leader);
    }
}
