namespace TokMesh.Raft.Log;

/// <summary>
/// Something happened that a correct group cannot do: two leaders in a term, a committed entry overwritten. Going on could
/// lose acknowledged writes, so the group stops; its data stays as it is.
/// </summary>
public sealed class RaftInvariantException(string message) : Exception(message);
