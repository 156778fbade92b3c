using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Replicas;
using TokMesh.Raft.Options;
using TokMesh.Simulation.Observing;

namespace TokMesh.Simulation.World;

/// <summary>What a world is made of.</summary>
internal sealed record WorldPlan
{
    public required int Seed { get; init; }

    /// <summary>For whoever reads a trace.</summary>
    public string Profile { get; init; } = "";

    public required int Nodes { get; init; }

    public required int Shards { get; init; }

    public int Lanes { get; init; } = 2;

    public RaftOptions Raft { get; init; } = new();

    public bool BalancesLeaders { get; init; } = true;

    public int SegmentBytes { get; init; } = 64 << 10;

    public int SnapshotThresholdBytes { get; init; } = 192 << 10;

    public bool Encrypted { get; init; }

    /// <summary>How far wall clocks may be from the true time, either way.</summary>
    public int WallOffsetMs { get; init; } = 100;

    /// <summary>How much too fast or too slow monotonic clocks may run, in millionths.</summary>
    public int ClockDriftPpm { get; init; }
}

/// <summary>A cluster of production nodes in one process, on virtual time, network and disks. Same seed, same run.</summary>
internal sealed class VirtualWorld
{
    public VirtualWorld(int nodes, int shards, int seed)
        : this(new WorldPlan { Nodes = nodes, Shards = shards, Seed = seed })
    {
    }

    public VirtualWorld(WorldPlan plan, Stream? trace = null, Timeline? timeline = null)
    {
        // What awaits goes on inside the event that answers it, not where a test framework would send it.
        SynchronizationContext.SetSynchronizationContext(null);
        var seed = plan.Seed;
        Random = new Random(seed);
        Network = new VirtualNetwork(Time, new Random(seed + 1), plan.Nodes);
        Links = new LinkWatch(this, new Random(seed + 2));
        Observers = new Observers(trace is null && timeline is null ? null : new Trace(Time, trace, timeline));
        Bootstrap = new Bootstrap
        {
            ClusterId = new Guid(seed, 0, 0, new byte[8]),
            Nodes = [.. Enumerable.Range(1, plan.Nodes).Select(n => new Member((uint)n, $"tmnd-sim{n}", new Guid(n, 0, 0, new byte[8]), $"sim{n}:1", $"sim{n}:2", $"sim{n}:3"))],
            ShardCount = plan.Shards,
            ReplicationFactor = 3,
            CreatedAtMs = 0,
        };
        Options = new NodeOptions { Raft = plan.Raft, Lanes = plan.Lanes, BalancesLeaders = plan.BalancesLeaders, LogSegmentBytes = plan.SegmentBytes, SnapshotThresholdBytes = plan.SnapshotThresholdBytes };
        var key = plan.Encrypted ? new byte[32] : null;
        if (key is not null) Random.NextBytes(key);
        Nodes = [.. Bootstrap.Nodes.Select(n => new VirtualNode(this, n, seed * 31 + (int)n.Number, key))];
        foreach (var node in Nodes)
        {
            node.Clock.WallOffsetMs = Random.Next(-plan.WallOffsetMs, plan.WallOffsetMs + 1);
            if (plan.ClockDriftPpm > 0) node.Clock.RunAt(Random.Next(-plan.ClockDriftPpm, plan.ClockDriftPpm + 1));
        }
        Observers.Trace?.Run(seed, plan.Profile, this);
        foreach (var node in Nodes) node.Start();
    }

    public VirtualTime Time { get; } = new();

    public Random Random { get; }

    public VirtualNetwork Network { get; }

    public LinkWatch Links { get; }

    public Observers Observers { get; }

    public Bootstrap Bootstrap { get; }

    public NodeOptions Options { get; }

    public IReadOnlyList<VirtualNode> Nodes { get; }

    /// <summary>A process that runs beside its node on a copy of its directory.</summary>
    public VirtualNode? Twin { get; set; }

    /// <summary>All that may run.</summary>
    public IEnumerable<VirtualNode> Processes => Twin is null ? Nodes : Nodes.Append(Twin);

    /// <summary>Told of every node that goes down.</summary>
    public Action<VirtualNode, Death> NodeEnded { get; set; } = static (_, _) => { };

    /// <summary>Those that are not gone for good.</summary>
    public IEnumerable<VirtualNode> Present => Nodes.Where(n => !n.IsLost);

    public int GroupCount => Bootstrap.ShardCount + 1;

    public Replica? ReplicaOf(VirtualNode node, uint group) => node.Node?.Lanes.Select(l => l.ReplicaOf(group)).FirstOrDefault(r => r is not null);

    /// <summary>The node that leads a group as of the newest term; null while none does.</summary>
    public VirtualNode? LeaderOf(uint group) =>
        Nodes.Where(n => ReplicaOf(n, group)?.Raft.IsEstablished ?? false).MaxBy(n => ReplicaOf(n, group)!.Raft.Term);

    public void Run(int ms) => Time.RunUntil(Time.NowUs + ms * 1000L);

    /// <summary>What its network does for a node all the time: tells it how far the clocks of all others are from its own.</summary>
    public void JudgeClock(VirtualNode node) =>
        node.Node?.JudgeClock([.. Present.Where(n => n != node).Select(n => (double)(n.Clock.WallOffsetMs - node.Clock.WallOffsetMs))]);

    /// <summary>Runs until something holds, at most so long; tells whether it does.</summary>
    public bool RunUntil(Func<bool> holds, int mostMs, int stepMs = 50)
    {
        for (var ms = 0; ms < mostMs && !holds(); ms += stepMs) Run(stepMs);
        return holds();
    }

    /// <summary>
    /// Whether all members of every group have applied the same and hold the same, and if not, what differs. What a node keeps of a
    /// group that it was taken out of does not count.
    /// </summary>
    public bool DigestsAgree(out string differences)
    {
        differences = "";
        for (uint group = 0; group < GroupCount; group++)
        {
            if (LeaderOf(group) is not { } leader)
            {
                differences += $"group {group}: no leader\n";
                continue;
            }
            var model = ReplicaOf(leader, group)!;
            var digest = model.State.Digest();
            foreach (var member in model.Raft.Configuration.Members)
            {
                var node = Nodes[(int)member.Value - 1];
                if (node == leader || node.IsLost) continue;
                if (ReplicaOf(node, group) is not { } replica) differences += $"group {group}: node {member} has no replica\n";
                else if (replica.Raft.Log.Applied != model.Raft.Log.Applied || replica.State.Digest() != digest)
                    differences += $"group {group}: leader {leader.Id} at {model.Raft.Log.Applied} {digest:x}, node {member} at {replica.Raft.Log.Applied} {replica.State.Digest():x}\n";
            }
        }
        return differences.Length == 0;
    }
}
