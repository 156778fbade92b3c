namespace TokMesh.Log.Writing;

/// <summary>The indexes of a group's entries that one segment holds.</summary>
internal readonly record struct EntrySpan(uint Segment, ulong First, ulong Last);
