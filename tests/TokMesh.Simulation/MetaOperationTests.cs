using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Meta;
using TokMesh.Simulation.World;
using TokMesh.State.Errors;

namespace TokMesh.Simulation;

/// <summary>What reaches the log of meta is applied by every replica, at every start again.</summary>
public sealed class MetaOperationTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_operation_that_meta_cannot_read_is_refused_before_the_log_wherever_it_is_sent_from(bool atTheLeader)
    {
        var world = new VirtualWorld(nodes: 3, shards: 2, seed: 21);
        world.Run(3000);
        var leader = world.LeaderOf(0)!;
        var node = atTheLeader ? leader : world.Nodes.First(n => n != leader);
        var last = world.ReplicaOf(leader, 0)!.Raft.Log.Last;

        var reply = world.WriteMeta(node, [77, 1, 2, 3]);
        Assert.Equal((CallOutcome.Failed, ErrorCode.SysInternal), (reply.Outcome, reply.Error));
        Assert.Equal(last, world.ReplicaOf(leader, 0)!.Raft.Log.Last);

        // The next one is taken, and everybody has it.
        Assert.True(world.WriteMeta(node, MetaOps.PutApiKey(new ApiKey { KeyId = "k", Verifier = "$", Role = ApiRole.Admin })).IsOk);
        world.Run(1000);
        Assert.All(world.Nodes, n => Assert.Equal(["k"], n.Node!.Meta!.ApiKeys.Keys));
    }
}
