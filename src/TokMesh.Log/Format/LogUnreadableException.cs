namespace TokMesh.Log.Format;

/// <summary>A file cannot be read as things are: the key is missing or wrong, or a newer version wrote it. Nothing was changed.</summary>
public sealed class LogUnreadableException : Exception
{
    internal LogUnreadableException(string file, string reason)
        : base($"'{file}' cannot be used: {reason}.") => File = file;

    /// <summary>The file's name in the data directory.</summary>
    public string File { get; }
}
