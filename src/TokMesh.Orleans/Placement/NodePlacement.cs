using Orleans.Placement;
using Orleans.Runtime.Placement;
using TokMesh.Cluster.Errors;

namespace TokMesh.Orleans.Placement;

/// <summary>
/// The grain lives on the silo whose name is the node id in its key (the part behind the shard), and nowhere else: it is the face of
/// what that node has on its disk.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NodePlacementAttribute : PlacementAttribute
{
    /// <summary>Pins the grain class.</summary>
    public NodePlacementAttribute()
        : base(NodePlacement.Instance)
    {
    }
}

/// <summary>See <see cref="NodePlacementAttribute"/>.</summary>
[GenerateSerializer, Immutable, Alias("tokmesh.placement")]
public sealed class NodePlacement : PlacementStrategy
{
    /// <summary>The one there is.</summary>
    public static NodePlacement Instance { get; } = new();

    /// <summary>
    /// Where such a grain is follows from its key. Entries in a directory would only be lost with the silo that keeps them, and the grains of
    /// other nodes with them.
    /// </summary>
    public override bool IsUsingGrainDirectory => false;
}

/// <summary>Finds the silo of a node.</summary>
internal sealed class NodePlacementDirector(Silos silos) : IPlacementDirector
{
    /// <exception cref="NodeNotHereException">No silo carries the node: nothing is activated anywhere else.</exception>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        if (!target.GrainIdentity.TryGetIntegerKey(out _, out var nodeId) || string.IsNullOrEmpty(nodeId))
            throw new NodeNotHereException($"Grain {target.GrainIdentity} names no node: its key is a group and a node id.");
        return silos.AddressOf(nodeId) is { } silo ? Task.FromResult(silo)
            : throw new NodeNotHereException($"{Codes.NodeElsewhere}: node {nodeId} is not in the cluster just now. Ask another replica, or try again when its silo is back.");
    }
}

/// <summary>The node a grain is pinned to is not in the cluster. Nothing happened.</summary>
[GenerateSerializer, Alias("tokmesh.node-not-here")]
public sealed class NodeNotHereException : OrleansException
{
    /// <summary>With what happened and what to do.</summary>
    public NodeNotHereException(string message)
        : base(message)
    {
    }
}
