using System.Security.Cryptography;
using TokMesh.Cluster;

namespace TokMesh.Orleans;

/// <summary>The TokMesh node of this silo, for grains and providers. The node starts after the silo: until then every property throws.</summary>
public sealed class NodeAccess
{
    private volatile Started? _started;

    /// <summary>The node.</summary>
    /// <exception cref="NodeNotReadyException">It is still starting.</exception>
    public Node Node => Get().Node;

    /// <summary>Calls to groups.</summary>
    /// <exception cref="NodeNotReadyException">The node is still starting.</exception>
    public StoreClient Store => Get().Store;

    /// <summary>Sessions.</summary>
    /// <exception cref="NodeNotReadyException">The node is still starting.</exception>
    public SessionService Sessions => Get().Sessions;

    /// <summary>The node has started.</summary>
    internal void Set(Node node)
    {
        var clock = new SystemClock();
        var store = new StoreClient(node);
        _started = new Started(node, store, new SessionService(store, RandomNumberGenerator.Fill, () => clock.WallMs));
    }

    private Started Get() => _started ?? throw new NodeNotReadyException();

    private sealed record Started(Node Node, StoreClient Store, SessionService Sessions);
}
