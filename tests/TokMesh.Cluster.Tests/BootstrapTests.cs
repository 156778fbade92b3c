using System.Text.Json;
using TokMesh.Cluster.Meta;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Tests;

public sealed class BootstrapTests
{
    [Fact]
    public void The_stored_form_reads_back_as_it_was()
    {
        var bootstrap = Of(3);
        var read = Bootstrap.FromJson(bootstrap.ToJson());
        Assert.Equal((bootstrap.ClusterId, bootstrap.ShardCount, bootstrap.ReplicationFactor, bootstrap.CreatedAtMs),
            (read.ClusterId, read.ShardCount, read.ReplicationFactor, read.CreatedAtMs));
        Assert.Equal(bootstrap.Nodes, read.Nodes);
        Assert.Equal(bootstrap.ToJson(), read.ToJson());
        Assert.Equal(bootstrap.PlaceShards(), read.PlaceShards());
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"cluster_id\":\"x\"}")]
    [InlineData("")]
    public void What_is_no_bootstrap_is_refused(string json) =>
        Assert.Throws<JsonException>(() => Bootstrap.FromJson(System.Text.Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 3)]
    [InlineData(4, 3)]
    [InlineData(5, 5)]
    [InlineData(6, 5)]
    [InlineData(7, 7)]
    [InlineData(8, 7)]
    [InlineData(9, 7)]
    public void Meta_has_an_odd_number_of_voters_and_the_rest_learn(int nodes, int voters)
    {
        var configuration = Of(nodes).MetaConfiguration;
        Assert.Equal(Members(1, voters), configuration.Voters);
        Assert.Equal(Members(voters + 1, nodes - voters), configuration.Learners);
        Assert.False(configuration.IsJoint);
        Assert.Equal(Members(1, nodes).ToHashSet(), configuration.Members.ToHashSet());
    }

    private static MemberId[] Members(int from, int count) => [.. Enumerable.Range(from, count).Select(n => new MemberId((uint)n))];

    private static Bootstrap Of(int nodes) => new()
    {
        ClusterId = new Guid(7, 0, 0, new byte[8]),
        Nodes = [.. Enumerable.Range(1, nodes).Select(n => new Member((uint)n, $"tmnd-n{n}", new Guid(n, 0, 0, new byte[8]), $"n{n}:1", $"n{n}:2", $"n{n}:3"))],
        ShardCount = 16,
        ReplicationFactor = 3,
        CreatedAtMs = 1_800_000_000_000,
    };
}
