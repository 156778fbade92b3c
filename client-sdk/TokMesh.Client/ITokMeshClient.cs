namespace TokMesh.Client;

/// <summary>
/// A TokMesh cluster, as an application sees it. There are two carriers, HTTP for applications outside the cluster and Orleans for
/// those inside; what a call means, returns and throws is the same through both. One object serves all threads.
/// </summary>
public interface ITokMeshClient
{
    /// <summary>Sessions and their tokens.</summary>
    ITokMeshSessions Sessions { get; }

    /// <summary>Plain keys.</summary>
    ITokMeshKeys Keys { get; }
}
