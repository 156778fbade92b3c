using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Clocks;
using TokMesh.Log.Writing;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Wire;

namespace TokMesh.Cluster.Replicas;

/// <summary>What a replica needs of the lane that it lives in.</summary>
internal interface IReplicaHost
{
    /// <summary>Monotonic time of this turn.</summary>
    long NowMs { get; }

    /// <summary>Wall time of this turn.</summary>
    WallTime Wall { get; }

    /// <summary>What this turn wants on disk.</summary>
    LogBatch Log { get; }

    /// <summary>Sees what replicas do; null but in a simulation.</summary>
    ReplicaTrace? Trace { get; }

    /// <summary>The replica is to be stepped.</summary>
    void HasWork(Replica replica);

    /// <summary>The replica has writes for the next batch.</summary>
    void Gathers(Replica replica);

    /// <summary>The replica is to be told when what was given to <see cref="Log"/> is on disk.</summary>
    void AcknowledgeWhenDurable(Replica replica, ulong seq);

    /// <summary>Takes a message along to its receiver.</summary>
    void Send(uint group, in Message message, ReadOnlySpan<Entry> entries, ReadOnlySpan<byte> data);

    /// <summary>A write has taken effect.</summary>
    void ReplyToWrite(uint group, ulong origin, ulong seq, ReadOnlySpan<byte> reply);

    /// <summary>A read has been answered.</summary>
    void ReplyToRead(uint group, MemberId node, ulong origin, ulong id, byte[] reply);

    /// <summary>Writes of an epoch, from <paramref name="first"/> on, were not taken.</summary>
    void RefuseWrites(uint group, MemberId node, ulong origin, ulong epoch, Refusal reason, MemberId leader, ulong first);

    /// <summary>A read was not answered.</summary>
    void RefuseRead(uint group, MemberId node, ulong origin, ulong id, Refusal reason, MemberId leader);

    /// <summary>A snapshot is to be made durable; then the replica is told.</summary>
    void Install(Replica replica, SnapshotMeta meta, ReadOnlyMemory<byte> data);

    /// <summary>The replica's role or leader is another one.</summary>
    void RoleChanged(Replica replica, Role role, Term term, MemberId leader);

    /// <summary>A follower, or this leader, lacks what it had promised to keep.</summary>
    void Excluded(uint group, MemberId follower, LogViolation violation, LogIndex index);

    /// <summary>This node, or the group's leader, lacks what it had promised to keep: the replica takes part no more.</summary>
    void Halted(uint group, LogViolation violation, LogIndex index);
}
