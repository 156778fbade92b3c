namespace TokMesh.State;

/// <summary>A snapshot cannot be read: nothing of it was taken.</summary>
public sealed class CorruptSnapshotException(string message) : Exception(message);
