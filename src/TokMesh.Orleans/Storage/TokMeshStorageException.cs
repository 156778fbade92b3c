namespace TokMesh.Orleans.Storage;

/// <summary>
/// Grain state could not be read, or was certainly not written: what is stored is as it was, and the same call may succeed later. Where
/// that is not certain, <see cref="global::Orleans.Storage.InconsistentStateException"/> is thrown instead, which makes Orleans read again.
/// </summary>
[GenerateSerializer, Alias("TokMesh.TokMeshStorageException")]
public sealed class TokMeshStorageException : OrleansException
{
    /// <summary>With what happened and what to do.</summary>
    public TokMeshStorageException(string message)
        : base(message)
    {
    }
}
