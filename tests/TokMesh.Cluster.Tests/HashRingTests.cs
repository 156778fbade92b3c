using TokMesh.Cluster.Placement;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Tests;

public sealed class HashRingTests
{
    private const int Shards = 256;
    private const int Replicas = 3;

    public static TheoryData<int> Sizes() => [.. Enumerable.Range(3, 7)];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_shard_has_distinct_replicas(int nodes)
    {
        var placed = Place(nodes);
        Assert.Equal(Shards, placed.Count);
        Assert.All(placed, replicas => Assert.Equal(Replicas, replicas.Distinct().Count()));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_node_carries_the_even_share_to_one(int nodes)
    {
        var share = (double)Shards * Replicas / nodes;
        var carried = Place(nodes).SelectMany(r => r).CountBy(n => n).ToDictionary();
        Assert.Equal(nodes, carried.Count);
        Assert.All(carried.Values, count => Assert.InRange(count, Math.Floor(share), Math.Ceiling(share)));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_node_is_preferred_as_leader_for_about_an_even_share(int nodes)
    {
        var share = (double)Shards / nodes;
        var led = Place(nodes).Select(r => r[0]).CountBy(n => n).ToDictionary();
        Assert.Equal(nodes, led.Count);
        Assert.All(led.Values, count => Assert.InRange(count, Math.Floor(share * 0.8), Math.Ceiling(share * 1.2)));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_same_nodes_give_the_same_placement_in_whatever_order_they_are_named(int nodes)
    {
        Assert.Equal(Place(nodes), Place(nodes));
        Assert.Equal(Place(nodes), HashRing.Place([.. Names(nodes).Reverse()], Shards, Replicas));
    }

    [Fact]
    public void Shards_added_at_the_end_leave_the_earlier_ones_where_the_bound_allows()
    {
        // Fewer nodes than replicas: the bound never binds, and the placement of a shard is its own alone.
        var few = HashRing.Place(Names(2), 16, Replicas).Select(r => r.Order(ByNumber)).ToArray();
        var more = HashRing.Place(Names(2), 32, Replicas).Select(r => r.Order(ByNumber)).ToArray();
        Assert.Equal(few, more.Take(16));
    }

    [Fact]
    public void A_cluster_smaller_than_the_factor_has_one_replica_per_node() =>
        Assert.All(Place(2), replicas => Assert.Equal(2, replicas.Distinct().Count()));

    [Fact]
    public void A_lone_node_carries_and_leads_everything() =>
        Assert.All(Place(1), replicas => Assert.Equal([new MemberId(1)], replicas));

    private static readonly Comparer<MemberId> ByNumber = Comparer<MemberId>.Create((a, b) => a.Value.CompareTo(b.Value));

    private static IReadOnlyList<IReadOnlyList<MemberId>> Place(int nodes) => HashRing.Place(Names(nodes), Shards, Replicas);

    private static (MemberId Number, string NodeId)[] Names(int nodes) =>
        [.. Enumerable.Range(1, nodes).Select(n => (new MemberId((uint)n), $"tmnd-node{n}"))];
}
