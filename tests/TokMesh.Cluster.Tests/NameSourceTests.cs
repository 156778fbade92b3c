using TokMesh.Cluster.Placement;
using TokMesh.Cluster.Sessions;
using TokMesh.State.Ids;

namespace TokMesh.Cluster.Tests;

public sealed class NameSourceTests
{
    private const int Shards = 64;
    private long _now = 1_800_000_000_000;

    [Fact]
    public void Ids_fall_into_the_shard_and_grow_even_within_a_millisecond_or_when_the_clock_goes_back()
    {
        var names = New();
        var last = default(SessionId);
        for (var i = 0; i < 2_000; i++)
        {
            if (i % 100 == 99) _now += i % 200 == 99 ? 3 : -2;
            var shard = new ShardId((uint)(i % Shards));
            var id = names.NextSessionId(shard);
            Assert.True(id.CompareTo(last) > 0, $"{id} does not come after {last}.");
            Assert.Equal(shard, Sharding.OfName(id.ToString(), Shards));
            last = id;
        }
    }

    [Fact]
    public void Tokens_are_well_formed_distinct_and_in_the_shard()
    {
        var names = New();
        var seen = new HashSet<string>();
        for (var i = 0; i < 500; i++)
        {
            var shard = new ShardId((uint)(i % Shards));
            var token = names.NextToken(shard);
            Assert.True(token.Length == TokenRules.GeneratedLength && TokenRules.IsWellFormed(token), token);
            Assert.Equal(shard, Sharding.OfName(token, Shards));
            Assert.True(seen.Add(token));
        }
    }

    [Fact]
    public void A_reservation_tells_the_shard_of_its_token()
    {
        var fill = Randomness.Of(5);
        for (uint shard = 0; shard < Shards; shard++)
            Assert.Equal(new ShardId(shard), Reservations.TokenShard(Reservations.New(fill, new ShardId(shard))));
        Assert.NotEqual(Reservations.New(fill, new ShardId(1)), Reservations.New(fill, new ShardId(1)));
    }

    private NameSource New() => new(Shards, () => _now, Randomness.Of(3));
}
