using TokMesh.Cluster;
using TokMesh.Raft;

namespace TokMesh.Simulation.World;

/// <summary>A cluster of production nodes in one process, on virtual time, network and disks. Same seed, same run.</summary>
internal sealed class VirtualWorld
{
    public VirtualWorld(int nodes, int shards, int seed)
    {
        Random = new Random(seed);
        Network = new VirtualNetwork(Time, new Random(seed + 1));
        Genesis = new Genesis
        {
            ClusterId = new Guid(seed, 0, 0, new byte[8]),
            Nodes = [.. Enumerable.Range(1, nodes).Select(n => new FoundingNode((uint)n, $"tmnd-sim{n}", new Guid(n, 0, 0, new byte[8]), $"sim{n}:1", $"sim{n}:2", $"sim{n}:3"))],
            ShardCount = shards,
            ReplicationFactor = 3,
            CreatedAtMs = 0,
        };
        var options = new NodeOptions { Lanes = 2, LogSegmentBytes = 64 << 10, SnapshotThresholdBytes = 192 << 10 };
        Nodes = [.. Genesis.Nodes.Select(n => new VirtualNode(this, new MemberId(n.Number), options, seed * 31 + (int)n.Number))];
        foreach (var node in Nodes) node.Start();
    }

    public VirtualTime Time { get; } = new();

    public Random Random { get; }

    public VirtualNetwork Network { get; }

    public Genesis Genesis { get; }

    public IReadOnlyList<VirtualNode> Nodes { get; }

    public Replica? ReplicaOf(VirtualNode node, uint group) => node.Node?.Lanes.Select(l => l.ReplicaOf(group)).FirstOrDefault(r => r is not null);

    /// <summary>The node that leads a group as of the newest term; null while none does.</summary>
    public VirtualNode? LeaderOf(uint group) =>
        Nodes.Where(n => ReplicaOf(n, group)?.Raft.IsEstablished ?? false).MaxBy(n => ReplicaOf(n, group)!.Raft.Term);

    public void Run(int ms) => Time.RunUntil(Time.NowUs + ms * 1000L);

    /// <summary>Every replica's digest, once nothing is left to apply; null while replicas still differ.</summary>
    public bool DigestsAgree(out string differences)
    {
        var seen = new Dictionary<uint, (LogIndex Applied, ulong Digest, MemberId Node)>();
        differences = "";
        foreach (var node in Nodes)
        {
            foreach (var lane in node.Node!.Lanes)
            {
                foreach (var replica in lane.Replicas)
                {
                    var mine = (replica.Raft.Log.Applied, replica.State.Digest(), node.Id);
                    if (seen.TryAdd(replica.Group, mine)) continue;
                    var other = seen[replica.Group];
                    if (other.Applied != mine.Applied || other.Digest != mine.Item2)
                        differences += $"group {replica.Group}: node {other.Node} at {other.Applied} {other.Digest:x}, node {mine.Id} at {mine.Applied} {mine.Item2:x}\n";
                }
            }
        }
        return differences.Length == 0;
    }
}
