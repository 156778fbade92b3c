using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Cluster.Health;

/// <summary>Hears what happens inside a node: for logs and metrics. Called by lanes: it must not block.</summary>
public interface INodeWatch
{
    /// <summary>A replica's role or its leader changed.</summary>
    void LeaderChanged(uint group, Role role, Term term, MemberId leader);

    /// <summary>A node sent something that cannot be read.</summary>
    void BadFrame(MemberId from, string problem);

    /// <summary>This node's clock left, or came back to, the majority's.</summary>
    void ClockJudged(bool trusted, double offsetMs);

    /// <summary>Something is wrong with this node, or with the cluster as it sees it, or is so no more. Called by any thread.</summary>
    void ConditionChanged(Condition condition, bool isRaised)
    {
    }
}
