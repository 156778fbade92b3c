using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Meta;

namespace TokMesh.Cluster.Tests;

public sealed class HelloJudgeTests
{
    private static readonly Candidate A = new("tmnd-a", Guid.NewGuid(), "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3");
    private static readonly Candidate B = new("tmnd-b", Guid.NewGuid(), "127.0.0.1:4", "127.0.0.1:5", "127.0.0.1:6");
    private static readonly Bootstrap Cluster = BootstrapOf(A, B);

    private static Bootstrap BootstrapOf(params Candidate[] nodes) => new()
    {
        ClusterId = Guid.NewGuid(),
        Nodes = [.. nodes.Select((n, i) => new Member((uint)i + 1, n.NodeId, n.DirectoryId, n.Peer, n.Http, n.Redis))],
        ShardCount = 8,
        ReplicationFactor = 3,
        CreatedAtMs = 1,
    };

    private static Hello From(Candidate c, Guid? cluster = null) => new() { MinVersion = HelloJudge.MinVersion, MaxVersion = HelloJudge.MaxVersion, Self = c, ClusterId = cluster };

    [Fact]
    public void A_member_is_admitted() => Assert.Null(HelloJudge.Judge(A, Cluster, From(B, Cluster.ClusterId), null));

    [Fact]
    public void An_initial_node_that_does_not_know_its_cluster_yet_is_admitted() => Assert.Null(HelloJudge.Judge(A, Cluster, From(B), null));

    [Fact]
    public void A_node_of_another_cluster_is_refused_with_both_ids()
    {
        var foreign = Guid.NewGuid();
        var refusal = HelloJudge.Judge(A, Cluster, From(B, foreign), null);
        Assert.NotNull(refusal);
        Assert.Contains(foreign.ToString(), refusal.Message);
        Assert.Contains(Cluster.ClusterId.ToString(), refusal.Message);
        Assert.True(refusal.IsFinal);
    }

    [Fact]
    public void A_second_data_directory_under_the_same_node_id_is_refused()
    {
        var twin = A with { DirectoryId = Guid.NewGuid() };
        Assert.Equal("TM-CLST-4090", HelloJudge.Judge(A, null, From(twin), null)?.Code);
        Assert.Equal("TM-CLST-4090", HelloJudge.Judge(A, Cluster, From(twin, Cluster.ClusterId), null)?.Code);
    }

    [Fact]
    public void A_member_whose_directory_was_wiped_is_refused() // 30
    {
        var wiped = B with { DirectoryId = Guid.NewGuid() };
        var refusal = HelloJudge.Judge(A, Cluster, From(wiped), null);
        Assert.Equal("TM-CLST-4090", refusal?.Code);
        Assert.Contains("another data directory", refusal!.Message);
    }

    [Fact]
    public void A_stranger_is_refused() =>
        Assert.Contains("not a member", HelloJudge.Judge(A, Cluster, From(new Candidate("tmnd-c", Guid.NewGuid(), "x:1", "", "")), null)!.Message);

    [Fact]
    public void A_node_that_joined_is_admitted_by_those_who_have_heard_of_it_and_put_off_by_the_others()
    {
        var late = new Candidate("tmnd-c", Guid.NewGuid(), "x:1", "", "");
        var hello = From(late, Cluster.ClusterId) with { Number = 3 };
        var map = ClusterMap.Of(Cluster);
        Assert.False(HelloJudge.Judge(A, Cluster, hello, null)!.IsFinal);
        Assert.False(HelloJudge.Judge(A, Cluster, hello, null, map)!.IsFinal);
        var taken = map with { NextNumber = 4, Members = [.. map.Members, new Member(3, late.NodeId, late.DirectoryId, "x:1", "", "")] };
        Assert.Null(HelloJudge.Judge(A, Cluster, hello, null, taken));
        Assert.Contains("another data directory", HelloJudge.Judge(A, Cluster, hello with { Self = late with { DirectoryId = Guid.NewGuid() } }, null, taken)!.Message);
        // It has been removed: its number will not come.
        Assert.True(HelloJudge.Judge(A, Cluster, hello, null, map with { NextNumber = 4 })!.IsFinal);
    }

    [Fact]
    public void Who_asks_to_become_a_member_is_heard_and_who_has_a_members_name_is_not()
    {
        var late = new Candidate("tmnd-c", Guid.NewGuid(), "x:1", "", "");
        Assert.Null(HelloJudge.Judge(A, Cluster, From(late, Cluster.ClusterId), null, mayJoin: true));
        Assert.Contains("another data directory", HelloJudge.Judge(A, Cluster, From(B with { DirectoryId = Guid.NewGuid() }, Cluster.ClusterId), null, mayJoin: true)!.Message);
        Assert.Contains("no node id", HelloJudge.Judge(A, Cluster, From(late with { NodeId = "application" }, Cluster.ClusterId), "application", mayJoin: true)!.Message);
    }

    [Fact]
    public void A_directory_that_was_not_proved_is_refused()
    {
        Assert.Null(HelloJudge.JudgeDirectory(From(B), B.DirectoryId));
        Assert.True(HelloJudge.JudgeDirectory(From(B), A.DirectoryId)!.IsFinal);
    }

    [Fact]
    public void A_certificate_of_another_node_is_refused() =>
        Assert.Contains("certificate for tmnd-z", HelloJudge.Judge(A, Cluster, From(B, Cluster.ClusterId), "tmnd-z")!.Message);

    [Fact]
    public void Protocol_versions_must_overlap() =>
        Assert.Contains("protocol versions 7 to 9", HelloJudge.Judge(A, Cluster, From(B, Cluster.ClusterId) with { MinVersion = 7, MaxVersion = 9 }, null)!.Message);
}
