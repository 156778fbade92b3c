using TokMesh.Log.Format;

namespace TokMesh.Log.Snapshots;

/// <summary>A durable snapshot of one group.</summary>
/// <param name="Group">The group.</param>
/// <param name="Index">The last index it covers.</param>
/// <param name="Term">The term at that index.</param>
/// <param name="MetaBytes">Length of its meta.</param>
/// <param name="BodyBytes">Length of its body.</param>
public sealed record SnapshotInfo(uint Group, ulong Index, ulong Term, int MetaBytes, long BodyBytes)
{
    /// <summary>The file's name in the data directory.</summary>
    public string File => Name.FileName;

    internal SnapshotName Name => new(Group, Index, Term);
}
