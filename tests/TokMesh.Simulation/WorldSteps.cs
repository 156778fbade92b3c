using System.Buffers;
using TokMesh.Cluster.Calls;
using TokMesh.Raft.Membership;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation;

/// <summary>What several tests have a world do.</summary>
internal static class WorldSteps
{
    /// <summary>Asks whoever leads a group for another membership until that is in its log.</summary>
    public static void ChangeMembers(this VirtualWorld world, uint group, Configuration target)
    {
        var (answer, why) = (ChangeStatus.NotLeader, "");
        for (var i = 0; i < 50 && answer is not (ChangeStatus.Accepted or ChangeStatus.Unchanged); i++)
        {
            world.LeaderOf(group)?.Node!.ChangeMembers(group, target, (status, reason) => (answer, why) = (status, reason));
            world.Run(100);
        }
        Assert.True(answer is ChangeStatus.Accepted, $"{answer}: {why}");
    }

    /// <summary>Writes to meta through a node, and runs until it is answered.</summary>
    public static StoreReply WriteMeta(this VirtualWorld world, VirtualNode node, byte[] operation)
    {
        var task = node.Store!.WriteAsync(0, b => b.Write(operation), node.Node!.NowMs + 3000).AsTask();
        world.RunUntil(() => task.IsCompleted, 4000, stepMs: 10);
        return task.Result;
    }
}
