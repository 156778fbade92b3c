using System.Security.Cryptography;
using TokMesh.Cluster;

namespace TokMesh.Orleans;

/// <summary>The node of this silo, for grains and services in it. It runs before the silo is active, and until it has left.</summary>
public sealed class NodeAccess
{
    private readonly TaskCompletionSource<Node> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Parts? _parts;

    /// <summary>Completes when the node can be called; fails with the reason when it cannot start.</summary>
    public Task<Node> Ready => _ready.Task;

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
    public bool IsReady => _parts is not null;

    internal void Set(Node? node)
    {
        if (node is null)
        {
            _parts = null;
            return;
        }
        var store = new StoreClient(node);
        _parts = new Parts(node, store, new SessionService(store, RandomNumberGenerator.Fill, () => node.Time.WallMs));
        _ready.TrySetResult(node);
    }

    internal void Fail(Exception why)
    {
        _ready.TrySetException(why);
        // Nobody may be waiting for it.
        _ = _ready.Task.Exception;
    }

    private Parts Get() => _parts ?? throw new NodeNotReadyException();

    private sealed record Parts(Node Node, StoreClient Store, SessionService Sessions);
}
