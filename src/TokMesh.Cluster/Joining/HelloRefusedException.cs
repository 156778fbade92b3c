using TokMesh.Cluster.Starts;

namespace TokMesh.Cluster.Joining;

/// <summary>The other side will not talk to this node, or this node to it.</summary>
public sealed class HelloRefusedException(HelloRefusal refusal) : Exception(refusal.Message)
{
    /// <summary>Why.</summary>
    public HelloRefusal Refusal { get; } = refusal;
}
