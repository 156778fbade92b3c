namespace TokMesh.Cluster.Starts;

/// <summary>Other nodes know, or this node's own groups show, that its disk has forgotten what it had promised: it must stop.</summary>
public sealed class NodeRefusedException(HelloRefusal refusal) : Exception($"{refusal.Code}: {refusal.Message}")
{
    /// <summary>Why.</summary>
    public HelloRefusal Refusal { get; } = refusal;
}
