using TokMesh.Cluster.Errors;

namespace TokMesh.Orleans.Nodes;

/// <summary>The silo is up, but its TokMesh node is still starting: nothing happened, and the same call may succeed in a moment.</summary>
[GenerateSerializer, Alias("TokMesh.NodeNotReadyException")]
public sealed class NodeNotReadyException : Exception
{
    /// <summary>The node is still starting.</summary>
    public NodeNotReadyException()
        : base($"{Codes.Unavailable}: the TokMesh node of this silo is still starting; nothing happened. Try again after a moment.")
    {
    }
}
