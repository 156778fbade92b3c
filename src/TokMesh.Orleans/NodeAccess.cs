using Orleans.Runtime;
using System.Security.Cryptography;
using TokMesh.Cluster;

namespace TokMesh.Orleans;

/// <summary>The node of this silo, for grains and services in it. It starts after the silo has joined its cluster.</summary>
public sealed class NodeAccess
{
    private volatile Parts? _parts;

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
        _parts = new Parts(node, store, new SessionService(store, RandomNumberGenerator.Fill, static () => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()));
    }

    private Parts Get() => _parts ?? throw new NodeNotReadyException();

    private sealed record Parts(Node Node, StoreClient Store, SessionService Sessions);
}

/// <summary>The node of the silo that was called is starting or stopping: nothing happened, and the call may be repeated.</summary>
[GenerateSerializer, Alias("tokmesh.node-not-ready")]
public sealed class NodeNotReadyException : OrleansException
{
    /// <summary>Says so.</summary>
    public NodeNotReadyException()
        : base("TM-CLST-5030: the TokMesh node of this silo is starting or stopping; nothing happened. Try again after a moment.")
    {
    }
}
