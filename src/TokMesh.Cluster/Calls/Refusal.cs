namespace TokMesh.Cluster.Calls;

/// <summary>Why a node would not take a call. On the wire: numbers may only grow.</summary>
internal enum Refusal : byte
{
    /// <summary>It does not lead the group, or holds no replica of it.</summary>
    NotLeader = 1,

    /// <summary>Its queues are full.</summary>
    Busy = 2,

    /// <summary>Its replica is not fresh enough.</summary>
    TooStale = 3,

    /// <summary>The operation cannot be read.</summary>
    Malformed = 4,
}
