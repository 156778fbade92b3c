using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;
using TokMesh.Raft.Snapshots;

namespace TokMesh.Cluster.Lanes;

/// <summary>Something that arrives at a lane.</summary>
internal abstract record LaneItem
{
    /// <summary>A call of a local caller.</summary>
    public sealed record Submitted(Call Call) : LaneItem;

    /// <summary>Frames of another node; the lane gives the buffer back.</summary>
    public sealed record Received(MemberId From, FrameBuffer Frames) : LaneItem;

    /// <summary>What the lane handed to the log is on disk.</summary>
    public sealed record Durable(LogWork Work) : LaneItem;

    /// <summary>A snapshot of this node's own state is on disk.</summary>
    public sealed record SnapshotTaken(Replica Replica, ulong Index, ulong Term) : LaneItem;

    /// <summary>A snapshot from a leader is on disk.</summary>
    public sealed record SnapshotStored(Replica Replica, SnapshotMeta Meta, ReadOnlyMemory<byte> Data) : LaneItem;

    /// <summary>No snapshot of a group that was removed is on disk any more.</summary>
    public sealed record SnapshotsDeleted(uint Group) : LaneItem;

    /// <summary>These groups keep old log segments alive and should take snapshots.</summary>
    public sealed record SnapshotsWanted(IReadOnlyList<uint> Groups) : LaneItem;

    /// <summary>A link to another node came up or went down.</summary>
    public sealed record Linked(MemberId Node, bool Up) : LaneItem;

    /// <summary>Something to run between turns, by the lane: status, settings.</summary>
    public sealed record Run(Action<Lane> Action) : LaneItem;
}
