using TokMesh.Raft.Options;

namespace TokMesh.Cluster.Nodes;

/// <summary>What a node can be told.</summary>
public sealed record NodeOptions
{
    /// <summary>Raft timings and bounds.</summary>
    public RaftOptions Raft { get; init; } = new();

    /// <summary>Worker loops; groups are spread over them.</summary>
    public int Lanes { get; init; } = Math.Clamp(Environment.ProcessorCount / 2, 1, 16);

    /// <summary>Size of one log segment in bytes.</summary>
    public long LogSegmentBytes { get; init; } = 64L << 20;

    /// <summary>Log size in bytes from which on groups take snapshots so that old segments can go.</summary>
    public long SnapshotThresholdBytes { get; init; } = 256L << 20;

    /// <summary>How many shards of the cluster may move to other nodes at a time, by what their leaders are told; 0 for none: plans wait.</summary>
    public int MovesAtOnce { get; init; } = 3;

    /// <summary>Whether this node gives groups it leads to nodes that lead fewer.</summary>
    public bool BalancesLeaders { get; init; } = true;

    /// <summary>Largest offset of this node's wall clock to the majority's, in milliseconds, at which it still leads.</summary>
    public int MaxClockOffsetMs { get; init; } = 500;
}
