using System.Security.Cryptography;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Sessions;

namespace TokMesh.Cluster;

/// <summary>The node of this process, for whatever stands on it: there from when it runs until it ends.</summary>
/// <param name="limits">What sessions may be.</param>
public sealed class LocalNode(SessionLimits limits)
{
    private readonly TaskCompletionSource<Node> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Running? _current;

    /// <summary>Completes when the node can be called; fails with the reason when it cannot start.</summary>
    public Task<Node> Ready => _ready.Task;

    /// <summary>The node and the ways to it; null while it is starting, and once it stops.</summary>
    public Running? Current => _current;

    /// <summary>The same, for what cannot do without.</summary>
    /// <exception cref="InvalidOperationException">It is null.</exception>
    public Running Required => _current ?? throw new InvalidOperationException("The TokMesh node of this process does not run yet.");

    /// <summary>It runs now, or null: it stops.</summary>
    public void Set(Node? node)
    {
        if (node is null)
        {
            _current = null;
            return;
        }
        var store = new StoreClient(node);
        // What a wrong clock shows must not decide how long a session lives.
        _current = new Running(node, store, new SessionService(store, RandomNumberGenerator.Fill, () => node.Time.WallMs, limits));
        _ready.TrySetResult(node);
    }

    /// <summary>It cannot start.</summary>
    public void Fail(Exception why)
    {
        _ready.TrySetException(why);
        // Nobody may be waiting for it.
        _ = _ready.Task.Exception;
    }

    /// <summary>A node that can be called.</summary>
    /// <param name="Node">It.</param>
    /// <param name="Store">Calls to any group, from here.</param>
    /// <param name="Sessions">Operations on sessions, from here.</param>
    public sealed record Running(Node Node, StoreClient Store, SessionService Sessions);
}
