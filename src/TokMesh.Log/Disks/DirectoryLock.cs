namespace TokMesh.Log;

/// <summary>An exclusive hold on a data directory; released by <see cref="Dispose"/> or by the end of the process.</summary>
public sealed class DirectoryLock : IDisposable
{
    private const string FileName = "lock";

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Lets the directory go.</summary>
    public void Dispose() => _file.Dispose();

    internal static DirectoryLock Take(string directory)
    {
        string path = Path.Combine(directory, FileName);
        // On Linux the lock is taken by hand: .NET's own can be switched off by an environment variable and is skipped
        // silently on some file systems.
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = OperatingSystem.IsLinux() ? FileShare.ReadWrite : FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = FileDisk.FileMode0600;

        FileStream file;
        try
        {
            file = new FileStream(path, options);
        }
        catch (IOException e) when (!OperatingSystem.IsLinux() && File.Exists(path))
        {
            throw new DirectoryInUseException(directory, e);
        }
        try
        {
            if (OperatingSystem.IsLinux() && !LinuxFiles.TryLock(file.SafeFileHandle, path))
                throw new DirectoryInUseException(directory, inner: null);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        return new DirectoryLock(file);
    }
}
