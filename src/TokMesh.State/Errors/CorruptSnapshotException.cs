namespace TokMesh.State.Errors;

/// <summary>A snapshot cannot be read: nothing of it was taken.</summary>
public sealed class CorruptSnapshotException(string message) : Exception(message);
