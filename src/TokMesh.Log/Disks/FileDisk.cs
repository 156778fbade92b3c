namespace TokMesh.Log.Disks;

/// <summary>A real directory. Created with mode 0750, its files with mode 0600: they hold secrets.</summary>
public sealed class FileDisk : IDisk
{
    private const UnixFileMode DirectoryMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    internal const UnixFileMode FileMode0600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Uses <paramref name="directory"/>, creating it when it does not exist.</summary>
    /// <exception cref="IOException">The directory cannot be created.</exception>
    public FileDisk(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        DirectoryPath = Path.GetFullPath(directory);
        if (Directory.Exists(DirectoryPath)) return;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(DirectoryPath);
        else Directory.CreateDirectory(DirectoryPath, DirectoryMode);
        SyncParent();
    }

    /// <summary>The full path of the directory.</summary>
    public string DirectoryPath { get; }

    /// <summary>
    /// Takes the directory for this process alone until the result is disposed or the process ends. A node's vote lives
    /// in this directory: two processes writing it could vote twice.
    /// </summary>
    /// <exception cref="DirectoryInUseException">Another process, or another lock in this one, holds it.</exception>
    public DirectoryLock Lock() => DirectoryLock.Take(DirectoryPath);

    /// <inheritdoc/>
    public IDiskFile Create(string name, long preallocateBytes)
    {
        var stream = OpenStream(name, FileMode.CreateNew, preallocateBytes);
        try
        {
            // Preallocation reserves the blocks; the length must cover them too, else every sync of an append would
            // also have to write the new length.
            if (preallocateBytes > 0) RandomAccess.SetLength(stream.SafeFileHandle, preallocateBytes);
            return new FileDiskFile(stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IDiskFile Open(string name) => new FileDiskFile(OpenStream(name, FileMode.Open, preallocateBytes: 0));

    /// <inheritdoc/>
    public IReadOnlyList<string> List()
    {
        var names = Directory.GetFiles(DirectoryPath);
        for (var i = 0; i < names.Length; i++) names[i] = Path.GetFileName(names[i]);
        return names;
    }

    /// <inheritdoc/>
    public bool Exists(string name) => File.Exists(PathOf(name));

    /// <inheritdoc/>
    public void Delete(string name) => File.Delete(PathOf(name));

    /// <inheritdoc/>
    public void Rename(string from, string to) => File.Move(PathOf(from), PathOf(to), overwrite: true);

    /// <inheritdoc/>
    public void SyncDirectory() => SyncPath(DirectoryPath);

    private static void SyncPath(string path)
    {
        if (OperatingSystem.IsLinux()) LinuxFiles.SyncDirectory(path);
    }

    private void SyncParent()
    {
        if (Path.GetDirectoryName(DirectoryPath) is { } parent) SyncPath(parent);
    }

    private FileStream OpenStream(string name, FileMode mode, long preallocateBytes)
    {
        var options = new FileStreamOptions
        {
            Mode = mode,
            Access = FileAccess.ReadWrite,
            // The directory lock guards against other processes; a lock per file would only get in the way of a rename.
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (mode == FileMode.CreateNew)
        {
            options.PreallocationSize = preallocateBytes;
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = FileMode0600;
        }
        return new FileStream(PathOf(name), options);
    }

    private string PathOf(string name)
    {
        if (name.AsSpan().IndexOfAny('/', '\\') >= 0 || name is "" or "." or "..")
            throw new ArgumentException($"'{name}' is not a plain file name.", nameof(name));
        return Path.Combine(DirectoryPath, name);
    }
}
