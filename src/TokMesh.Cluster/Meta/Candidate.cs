namespace TokMesh.Cluster.Meta;

/// <summary>A node as it introduces itself.</summary>
/// <param name="NodeId">Its id.</param>
/// <param name="DirectoryId">Its data directory.</param>
/// <param name="Peer">Where nodes reach it.</param>
/// <param name="Http">Its HTTP front end.</param>
/// <param name="Redis">Its Redis front end.</param>
public sealed record Candidate(string NodeId, Guid DirectoryId, string Peer, string Http, string Redis)
{
    /// <summary>What fails together with it, such as a rack or a building; null when that was not said.</summary>
    public string? Zone { get; init; }
}
