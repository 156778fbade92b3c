using Microsoft.Win32.SafeHandles;

namespace TokMesh.Log.Disks;

/// <summary>An exclusive hold on a data directory; released by <see cref="Dispose"/> or by the end of the process.</summary>
public sealed class DirectoryLock : IDisposable
{
    private const string FileName = "lock";

    private readonly SafeFileHandle _file;

    private DirectoryLock(SafeFileHandle file) => _file = file;

    /// <summary>Lets the directory go.</summary>
    public void Dispose() => _file.Dispose();

    // On Linux by hand: .NET's own lock can be switched off by an environment variable and is skipped silently on some
    // file systems.
    internal static DirectoryLock Take(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (OperatingSystem.IsLinux()) return new DirectoryLock(LinuxFiles.TryOpenLocked(path) ?? throw new DirectoryInUseException(directory, inner: null));
        try
        {
            return new DirectoryLock(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new DirectoryInUseException(directory, e);
        }
    }
}
