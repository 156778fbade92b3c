using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Routing;

/// <summary>What a route needs of the lane that it belongs to.</summary>
internal interface IRouteHost
{
    /// <summary>Monotonic time of this turn.</summary>
    long NowMs { get; }

    /// <summary>This node.</summary>
    MemberId Self { get; }

    /// <summary>Names the lane's routes to the groups.</summary>
    ulong Origin { get; }

    /// <summary>Who holds what, as far as this node has heard.</summary>
    ClusterMap Map { get; }

    /// <summary>This node's replica of a group; null when it has none.</summary>
    Replica? ReplicaOf(uint group);

    /// <summary>Whether a node can be sent anything now.</summary>
    bool IsLinked(MemberId node);

    /// <summary>A group may be quiescent, and is needed.</summary>
    void WakeUp(Replica replica);

    /// <summary>This turn's buffer for a node, to append whole frames to.</summary>
    FrameBuffer FramesTo(MemberId node);

    /// <summary>The route has something to send, now or when its pause is over.</summary>
    void RouteHasWork(Route route);
}
