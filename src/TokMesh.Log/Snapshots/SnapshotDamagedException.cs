namespace TokMesh.Log.Snapshots;

/// <summary>A snapshot file is not as it was written.</summary>
public sealed class SnapshotDamagedException : Exception
{
    internal SnapshotDamagedException(string file, long offset, string what)
        : base($"The snapshot {file} is damaged at offset {offset} ({what}). Restore this node from its peers, or let the " +
               "group's leader send its snapshot again.")
    {
        File = file;
        Offset = offset;
    }

    /// <summary>The file's name in the data directory.</summary>
    public string File { get; }

    /// <summary>Where in the file the damage was found, in bytes.</summary>
    public long Offset { get; }
}
