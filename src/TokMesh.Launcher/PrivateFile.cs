namespace TokMesh.Launcher;

/// <summary>A file that is its owner's alone (mode 0600).</summary>
internal static class PrivateFile
{
    /// <summary>Written aside and renamed: a reader finds all of it, or what was there before.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var aside = path + ".tmp";
        File.Delete(aside);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(aside, options))
        {
            file.Write(content);
            // Renamed before its content is on disk, it could be empty after a power cut.
            file.Flush(flushToDisk: true);
        }
        File.Move(aside, path, overwrite: true);
    }
}
