namespace TokMesh.Log.Disks;

/// <summary>A data directory is held by another process.</summary>
public sealed class DirectoryInUseException : Exception
{
    internal DirectoryInUseException(string directory, Exception? inner)
        : base($"The data directory '{directory}' is in use by another process. One directory is one node: stop the other " +
               "process, or give this node a directory of its own.", inner) => Directory = directory;

    /// <summary>The directory's full path.</summary>
    public string Directory { get; }
}
