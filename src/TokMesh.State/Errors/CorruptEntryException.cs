namespace TokMesh.State.Errors;

/// <summary>A committed entry cannot be read. Every replica has the same bytes, so skipping it would only hide the damage: the node stops.</summary>
public sealed class CorruptEntryException(string message) : Exception(message);
