using System.Text;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Meta;

namespace TokMesh.Cluster.Tests;

public sealed class HelloTests
{
    /// <summary>As the first release of protocol version 2 answers a node that does not know its cluster yet.</summary>
    private const string Sent = """
        {"min_version":2,"max_version":2,
        "self":{"node_id":"tmnd-a","directory_id":"00000000-0000-0000-0000-00000000000a","peer":"a:1","http":"a:2","redis":"a:3"},
        "cluster_id":"00000000-0000-0000-0000-0000000000c1","known":[],
        "genesis":{"cluster_id":"00000000-0000-0000-0000-0000000000c1",
        "nodes":[{"number":1,"node_id":"tmnd-a","directory_id":"00000000-0000-0000-0000-00000000000a","peer":"a:1","http":"a:2","redis":"a:3"}],
        "shard_count":8,"replication_factor":1,"created_at_ms":5}}
        """;

    [Fact]
    public void A_hello_of_another_release_is_read_and_one_of_this_reads_like_it()
    {
        var hello = Hello.FromJson(Encoding.UTF8.GetBytes(Sent));
        Assert.Equal(("tmnd-a", 8, "tmnd-a"), (hello.Self.NodeId, hello.Bootstrap!.ShardCount, hello.Bootstrap.Nodes[0].NodeId));
        Assert.Equal(hello.ClusterId, hello.Bootstrap.ClusterId);
        var again = Encoding.UTF8.GetString(hello.ToJson());
        foreach (var name in (string[])["min_version", "max_version", "self", "node_id", "directory_id", "cluster_id", "genesis", "shard_count", "replication_factor", "created_at_ms"])
            Assert.Contains($"\"{name}\":", again, StringComparison.Ordinal);
        Assert.Equal(MemberState.Active, Hello.FromJson(hello.ToJson()).Bootstrap!.Nodes[0].State);
    }
}
