using System.Buffers.Binary;
using System.Text;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Placement;

/// <summary>
/// Places shards on nodes: 256 points per node on a ring of 32-bit hashes; a shard's replicas are the first distinct nodes found
/// from its own point on, skipping nodes that already carry their share, so that every node carries the even share, to one.
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
        // In whatever order they are named, the same nodes are placed the same.
        nodes = [.. nodes.OrderBy(n => n.Number.Value)];
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
        // What each node may still take; the total is exactly what has to be placed.
        var room = new int[nodes.Count];
        for (var i = 0; i < room.Length; i++) room[i] = shardCount * replicas / nodes.Count + (i < shardCount * replicas % nodes.Count ? 1 : 0);
        var placed = new List<List<int>>(shardCount);
        Span<byte> shardBytes = stackalloc byte[4];
        for (var shard = 0; shard < shardCount; shard++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(shardBytes, (uint)shard);
            var start = FirstAtOrAfter(points, MurmurHash3.Hash(shardBytes));
            var chosen = new List<int>(replicas);
            for (var i = 0; i < points.Length && chosen.Count < replicas; i++)
            {
                var node = points[(start + i) % points.Length].Node;
                if (!chosen.Contains(node) && room[node] > 0) Choose(node);
            }
            while (chosen.Count < replicas) Choose(MakeRoom(placed, chosen, room));
            placed.Add(chosen);

            void Choose(int node)
            {
                chosen.Add(node);
                room[node]--;
            }
        }
        return PreferLeaders(placed, nodes);
    }

    /// <summary>
    /// Near the end, every node with room may be in the shard already. Then an earlier shard takes one of those in place of a
    /// full node, which has room again: that one is returned.
    /// </summary>
    private static int MakeRoom(List<List<int>> placed, List<int> chosen, int[] room)
    {
        var spare = chosen.Find(n => room[n] > 0);
        foreach (var earlier in placed)
        {
            if (earlier.Contains(spare)) continue;
            var position = earlier.FindIndex(n => !chosen.Contains(n));
            if (position < 0) continue;
            var freed = earlier[position];
            earlier[position] = spare;
            room[spare]--;
            room[freed]++;
            return freed;
        }
        throw new InvalidOperationException("No placement within the even share exists.");
    }

    /// <summary>Puts the replica first whose node leads fewest so far.</summary>
    private static List<IReadOnlyList<MemberId>> PreferLeaders(List<List<int>> placed, IReadOnlyList<(MemberId Number, string NodeId)> nodes)
    {
        var led = new int[nodes.Count];
        var result = new List<IReadOnlyList<MemberId>>(placed.Count);
        foreach (var chosen in placed)
        {
            var leader = 0;
            for (var i = 1; i < chosen.Count; i++)
                if (led[chosen[i]] < led[chosen[leader]]) leader = i;
            (chosen[0], chosen[leader]) = (chosen[leader], chosen[0]);
            led[chosen[0]]++;
            result.Add([.. chosen.Select(n => nodes[n].Number)]);
        }
        return result;
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
