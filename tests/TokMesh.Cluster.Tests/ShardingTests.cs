using System.Text;
using TokMesh.Cluster.Placement;

namespace TokMesh.Cluster.Tests;

public sealed class ShardingTests
{
    private const int Shards = 256;

    [Theory]
    [InlineData("tmss-01kcnxr35v2t8htzb9y878q677", 72u)]
    [InlineData("tmss-01j3n5x0p9k2c7h8d4f6g1m2n8", 228u)]
    public void Session_ids_fall_into_the_shards_the_contract_names(string id, uint shard)
    {
        Assert.Equal(new ShardId(shard), Sharding.OfName(id, Shards));
        Assert.Equal(new ShardId(shard), Sharding.OfName(Encoding.UTF8.GetBytes(id), Shards));
    }

    [Theory]
    [InlineData("{user1000}.following", "user1000")]
    [InlineData("{a}b", "a")]
    [InlineData("b{a}", "a")]
    [InlineData("foo{{bar}}zap", "{bar")]
    [InlineData("{{x}}", "{x")]
    [InlineData("foo{bar}{zap}", "bar")]
    [InlineData("}a{b}", "b")]
    public void Of_a_key_with_a_tag_only_the_tag_counts(string key, string tag) => Assert.Equal(OfWhole(tag), OfKey(key));

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("foo{}{bar}")]
    [InlineData("a{b")]
    [InlineData("a}b{")]
    [InlineData("plain")]
    public void A_key_without_a_tag_or_with_an_empty_one_counts_as_a_whole(string key) => Assert.Equal(OfWhole(key), OfKey(key));

    [Fact]
    public void Braces_mean_nothing_in_names() => Assert.Equal(OfWhole("{a}b"), Sharding.OfName("{a}b", Shards));

    [Fact]
    public void A_name_too_long_for_the_stack_has_the_shard_of_its_bytes()
    {
        var token = new string('ü', 700);
        Assert.Equal(OfWhole(token), Sharding.OfName(token, Shards));
    }

    [Fact]
    public void The_group_after_meta_is_the_first_shard_s() => Assert.Equal(1u, new ShardId(0).Group);

    private static ShardId OfKey(string key) => Sharding.OfKey(Encoding.UTF8.GetBytes(key), Shards);

    private static ShardId OfWhole(string name) => new(MurmurHash3.Hash(Encoding.UTF8.GetBytes(name)) % Shards);
}
