using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;

namespace TokMesh.TestKit.Nodes;

/// <summary>Reaches nobody.</summary>
public sealed class NullTransport : ITransport
{
    /// <inheritdoc/>
    public void Send(MemberId to, FrameBuffer frames) => frames.Dispose();
}
