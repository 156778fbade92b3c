using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace TokMesh.Log.Disks;

/// <summary>What .NET does not offer: syncing data without its timestamps, syncing a directory, and a lock no setting turns off.</summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxFiles
{
    private const int InterruptedError = 4;
    private const int WouldBlockError = 11;
    private const int ReadOnly = 0;
    private const int ReadWriteOrCreate = 2 | 0x40;
    private const int CloseOnExec = 0x80000;
    private const uint OwnerReadWrite = 6 << 6;
    private const int LockExclusiveNonBlocking = 2 | 4;

    public static void SyncData(SafeFileHandle file, string path)
    {
        while (DataSync(file) != 0) ThrowUnlessInterrupted("fdatasync", path);
    }

    public static void SyncDirectory(string path)
    {
        using var directory = Open(path, ReadOnly);
        while (FullSync(directory) != 0) ThrowUnlessInterrupted("fsync", path);
    }

    /// <summary>Opens or creates a file and locks it until it is closed; null when someone else holds the lock.</summary>
    public static SafeFileHandle? TryOpenLocked(string path)
    {
        var file = Open(path, ReadWriteOrCreate);
        try
        {
            while (FileLock(file, LockExclusiveNonBlocking) != 0)
            {
                if (Marshal.GetLastPInvokeError() == WouldBlockError)
                {
                    file.Dispose();
                    return null;
                }
                ThrowUnlessInterrupted("flock", path);
            }
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static SafeFileHandle Open(string path, int flags)
    {
        int descriptor;
        while ((descriptor = OpenPath(path, flags | CloseOnExec, OwnerReadWrite)) < 0) ThrowUnlessInterrupted("open", path);
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    // An interrupted call did nothing yet and consumed no error, so repeating it is not the retry that loses data.
    private static void ThrowUnlessInterrupted(string call, string path)
    {
        var error = Marshal.GetLastPInvokeError();
        if (error != InterruptedError) throw new IOException($"{call} of '{path}' failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).", error);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int DataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FullSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FileLock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenPath(string path, int flags, uint mode);
}
