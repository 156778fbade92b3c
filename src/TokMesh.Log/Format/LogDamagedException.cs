namespace TokMesh.Log.Format;

/// <summary>What was durable is not there any more, or not as it was written. The node must not start on it.</summary>
public sealed class LogDamagedException : Exception
{
    internal LogDamagedException(string file, long offset, string what)
        : base($"This node's log is damaged at {file}:{offset} ({what}). Nothing was changed. Restore it from its peers: stop " +
               "the node, move its data directory aside, remove this member from the cluster and add it again under a new " +
               "identity, so that a vote it may have forgotten is never given twice.")
    {
        File = file;
        Offset = offset;
    }

    /// <summary>The damaged file's name in the data directory.</summary>
    public string File { get; }

    /// <summary>Where in the file the damage begins, in bytes.</summary>
    public long Offset { get; }
}
