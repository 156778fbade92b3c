using TokMesh.Cluster.Health;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.TestKit.Nodes;

/// <summary>Hears what happens in a node, and says nothing of it.</summary>
public sealed class NullWatch : INodeWatch
{
    /// <inheritdoc/>
    public void LeaderChanged(uint group, Role role, Term term, MemberId leader)
    {
    }

    /// <inheritdoc/>
    public void BadFrame(MemberId from, string problem)
    {
    }

    /// <inheritdoc/>
    public void ClockJudged(bool trusted, double offsetMs)
    {
    }
}
