namespace TokMesh.Log.Recovery;

/// <summary>One entry as recovered.</summary>
public readonly record struct RecoveredEntry(ulong Index, ulong Term, byte EntryType, byte[] Payload);
