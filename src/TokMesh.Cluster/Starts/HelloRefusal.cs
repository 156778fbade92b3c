namespace TokMesh.Cluster.Starts;

/// <summary>Why a node would not talk to another.</summary>
/// <param name="Code">Stable code.</param>
/// <param name="Message">What happened and what to do.</param>
/// <param name="IsFinal">Whether trying again is pointless.</param>
public sealed record HelloRefusal(string Code, string Message, bool IsFinal);
