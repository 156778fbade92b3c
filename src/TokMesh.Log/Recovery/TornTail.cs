namespace TokMesh.Log.Recovery;

/// <summary>An unfinished write that was cut from the log's end.</summary>
/// <param name="File">The segment's file name.</param>
/// <param name="Offset">Where the unfinished write began, in bytes.</param>
/// <param name="Bytes">How far it reached, in bytes.</param>
public sealed record TornTail(string File, long Offset, long Bytes);
