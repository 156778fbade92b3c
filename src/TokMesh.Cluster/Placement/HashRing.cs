using System.Buffers.Binary;
using System.Text;
using TokMesh.Raft;

namespace TokMesh.Cluster;

/// <summary>
/// Places shards on nodes: 256 points per node on a ring of 32-bit hashes; a shard's replicas are the first distinct nodes found
/// from its own point on, skipping nodes that already carry their share, so that no node carries more than the even share
/// rounded up.
/// </summary>
public static class HashRing
{
    /// <summary>Points per node.</summary>
    public const int VirtualNodes = 256;

    /// <summary>The replicas of each shard, the preferred leader first.</summary>
    /// <param name="nodes">Member numbers and the node ids that are hashed.</param>
    /// <param name="shardCount">How many shards there are.</param>
    /// <param name="replicationFactor">Replicas wanted; at most one per node is placed.</param>
    public static IReadOnlyList<IReadOnlyList<MemberId>> Place(IReadOnlyList<(MemberId Number, string NodeId)> nodes, int shardCount, int replicationFactor)
    {
        var points = new (uint Hash, int Node)[nodes.Count * VirtualNodes];
        for (var n = 0; n < nodes.Count; n++)
        {
            var name = Encoding.UTF8.GetBytes(nodes[n].NodeId);
            var buffer = new byte[name.Length + 4];
            name.CopyTo(buffer, 0);
            for (var v = 0; v < VirtualNodes; v++)
            {
                BinaryPrimitives.WriteUInt32BigEndian(buffer.AsSpan(name.Length), (uint)v);
                points[n * VirtualNodes + v] = (MurmurHash3.Hash(buffer), n);
            }
        }
        Array.Sort(points, (a, b) => a.Hash != b.Hash ? a.Hash.CompareTo(b.Hash) : a.Node.CompareTo(b.Node));

        var replicas = Math.Min(replicationFactor, nodes.Count);
        var replicaShare = (shardCount * replicas + nodes.Count - 1) / nodes.Count;
        var leaderShare = (shardCount + nodes.Count - 1) / nodes.Count;
        var carried = new int[nodes.Count];
        var led = new int[nodes.Count];
        var placed = new List<IReadOnlyList<MemberId>>(shardCount);
        Span<byte> shardBytes = stackalloc byte[4];
        for (var shard = 0; shard < shardCount; shard++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(shardBytes, (uint)shard);
            var start = FirstAtOrAfter(points, MurmurHash3.Hash(shardBytes));
            var chosen = new List<int>(replicas);
            // The bound can strand the last shards with too few distinct nodes; the second walk then ignores it.
            for (var pass = 0; pass < 2 && chosen.Count < replicas; pass++)
            {
                for (var i = 0; i < points.Length && chosen.Count < replicas; i++)
                {
                    var node = points[(start + i) % points.Length].Node;
                    if (!chosen.Contains(node) && (pass == 1 || carried[node] < replicaShare)) chosen.Add(node);
                }
            }
            foreach (var node in chosen) carried[node]++;
            var leader = chosen.FindIndex(n => led[n] < leaderShare);
            if (leader > 0) (chosen[0], chosen[leader]) = (chosen[leader], chosen[0]);
            led[chosen[0]]++;
            placed.Add([.. chosen.Select(n => nodes[n].Number)]);
        }
        return placed;
    }

    private static int FirstAtOrAfter((uint Hash, int Node)[] points, uint hash)
    {
        int low = 0, high = points.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (points[middle].Hash < hash) low = middle + 1;
            else high = middle;
        }
        return low % points.Length;
    }
}
