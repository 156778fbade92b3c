namespace TokMesh.Cluster.Starts;

/// <summary>One run of a node, from its start to its end.</summary>
/// <param name="Number">One more than that of the start before it; the first is 1.</param>
/// <param name="Nonce">Drawn at the start: two runs that go on from the same copy of a directory have the same number, and not this.</param>
public readonly record struct NodeStart(ulong Number, ulong Nonce)
{
    /// <summary>No start.</summary>
    public static readonly NodeStart None;
}
