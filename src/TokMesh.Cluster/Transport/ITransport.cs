using TokMesh.Cluster.Meta;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Transport;

/// <summary>
/// How frames reach other nodes. Best effort, in order per link; what cannot be sent is lost, which
/// Raft and the router survive.
/// </summary>
public interface ITransport
{
    /// <summary>Takes over the frames and returns at once. Beyond its bound the link drops them.</summary>
    void Send(MemberId to, FrameBuffer frames);
}

/// <summary>What is known of whether a node lives.</summary>
public enum Liveness : byte
{
    /// <summary>Answers.</summary>
    Alive,

    /// <summary>Has not answered for a while.</summary>
    Suspect,

    /// <summary>Has not answered for long.</summary>
    Dead,
}

/// <summary>One node as it is seen from here. A hint: safety never rests on it.</summary>
/// <param name="Number">Its member number.</param>
/// <param name="Liveness">What is believed.</param>
/// <param name="SinceMs">Unix time in milliseconds of the last change of that belief.</param>
/// <param name="ClockOffsetMs">Its wall clock minus ours, in milliseconds; null if not measured.</param>
/// <param name="Introduced">As what it last introduced itself, with its addresses of now; null if it has not since this node started.</param>
public sealed record NodeLiveness(MemberId Number, Liveness Liveness, long SinceMs, double? ClockOffsetMs, Candidate? Introduced = null);

/// <summary>Which nodes are there.</summary>
public interface IMembership
{
    /// <summary>All other members as they are seen now.</summary>
    IReadOnlyList<NodeLiveness> Observed { get; }

    /// <summary>As what this node introduces itself; null when nobody would hear of it.</summary>
    Candidate? Self => null;
}
