using TokMesh.Cluster;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Sessions;

namespace TokMesh.Orleans.Nodes;

/// <summary>The node of this silo, for grains and services in it. It runs before the silo is active, and until it has left.</summary>
/// <param name="local">The node of this process.</param>
public sealed class NodeAccess(LocalNode local)
{
    /// <summary>Completes when the node can be called; fails with the reason when it cannot start.</summary>
    public Task<Node> Ready => local.Ready;

    /// <summary>The node.</summary>
    /// <exception cref="NodeNotReadyException">It is still starting, or already stopping.</exception>
    public Node Node => Get().Node;

    /// <summary>Calls to any group, from here.</summary>
    /// <exception cref="NodeNotReadyException">The node is still starting, or already stopping.</exception>
    public StoreClient Store => Get().Store;

    /// <summary>Operations on sessions, from here.</summary>
    /// <exception cref="NodeNotReadyException">The node is still starting, or already stopping.</exception>
    public SessionService Sessions => Get().Sessions;

    /// <summary>Whether there is a node to call.</summary>
    public bool IsReady => local.Current is not null;

    private LocalNode.Running Get() => local.Current ?? throw new NodeNotReadyException();
}
