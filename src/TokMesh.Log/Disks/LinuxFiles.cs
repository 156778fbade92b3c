using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace TokMesh.Log;

/// <summary>What .NET does not offer: syncing data without its timestamps, syncing a directory, and a lock no setting turns off.</summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxFiles
{
    private const int InterruptedError = 4;
    private const int WouldBlockError = 11;
    private const int ReadOnlyCloseOnExec = 0x80000;
    private const int LockExclusiveNonBlocking = 2 | 4;

    public static void SyncData(SafeFileHandle file, string path)
    {
        while (DataSync(file) != 0)
            ThrowUnlessInterrupted("fdatasync", path);
    }

    public static void SyncDirectory(string path)
    {
        int descriptor;
        while ((descriptor = OpenPath(path, ReadOnlyCloseOnExec)) < 0)
            ThrowUnlessInterrupted("open", path);
        // The handle owns the descriptor and closes it.
        using var directory = new SafeFileHandle(descriptor, ownsHandle: true);
        while (FullSync(directory) != 0)
            ThrowUnlessInterrupted("fsync", path);
    }

    /// <summary>False when someone else holds the lock.</summary>
    public static bool TryLock(SafeFileHandle file, string path)
    {
        while (FileLock(file, LockExclusiveNonBlocking) != 0)
        {
            if (Marshal.GetLastPInvokeError() == WouldBlockError)
                return false;
            ThrowUnlessInterrupted("flock", path);
        }
        return true;
    }

    // An interrupted call did nothing yet and consumed no error, so repeating it is not the retry that loses data.
    private static void ThrowUnlessInterrupted(string call, string path)
    {
        int error = Marshal.GetLastPInvokeError();
        if (error != InterruptedError)
            throw new IOException($"{call} of '{path}' failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).", error);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int DataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FullSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FileLock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenPath(string path, int flags);
}
