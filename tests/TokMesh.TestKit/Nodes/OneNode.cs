using System.Security.Cryptography;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Sessions;
using TokMesh.Cluster.Starts;
using TokMesh.Log.Disks;
using TokMesh.Raft.Log;
using TokMesh.TestKit.Disks;

namespace TokMesh.TestKit.Nodes;

/// <summary>A whole node in this process, with threads, that reaches no other.</summary>
public sealed class OneNode : IDisposable
{
    private readonly NodeThreads _threads;

    /// <summary>Starts it.</summary>
    /// <param name="members">How many its cluster has; it is the first, and alone among three it never finds a leader.</param>
    /// <param name="shards">How many shards there are.</param>
    /// <param name="replicas">Per shard.</param>
    /// <param name="options">Timings and bounds.</param>
    /// <param name="disk">For its log; a virtual one otherwise.</param>
    /// <param name="watch">Hears what happens.</param>
    /// <param name="clock">The machine's otherwise.</param>
    public OneNode(int members = 1, int shards = 8, int replicas = 1, NodeOptions? options = null, IDisk? disk = null, INodeWatch? watch = null, IClock? clock = null)
    {
        Clock = clock ?? new SystemClock();
        var bootstrap = new Bootstrap
        {
            ClusterId = Guid.NewGuid(),
            Nodes = [.. Enumerable.Range(1, members).Select(n => new Member((uint)n, $"tmnd-test-{n}", Guid.NewGuid(), $"127.0.0.1:{n}", $"127.0.0.1:1{n}", $"127.0.0.1:2{n}"))],
            ShardCount = shards,
            ReplicationFactor = replicas,
            CreatedAtMs = 1,
        };
        Node = new Node(new MemberId(1), bootstrap, options ?? new NodeOptions { Lanes = 2, LogSegmentBytes = 8 << 20 }, new LogPlace(disk ?? new VirtualDisk()), Clock,
            new NullTransport(), RandomNumberGenerator.Fill, watch ?? new NullWatch());
        _threads = new NodeThreads(Node, e => Failure = e);
        Store = new StoreClient(Node);
    }

    /// <summary>Its time.</summary>
    public IClock Clock { get; }

    /// <summary>It.</summary>
    public Node Node { get; }

    /// <summary>Calls to its groups.</summary>
    public StoreClient Store { get; }

    /// <summary>What one of its workers failed with; null while none has.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Operations on sessions.</summary>
    public SessionService SessionsOf(SessionLimits limits) => new(Store, RandomNumberGenerator.Fill, () => Clock.WallMs, limits);

    /// <summary>Ends it.</summary>
    /// <exception cref="InvalidOperationException">One of its workers has failed.</exception>
    public void Dispose()
    {
        _threads.Dispose();
        Node.Dispose();
        if (Failure is { } failure) throw new InvalidOperationException("A worker of the node has failed.", failure);
    }
}
