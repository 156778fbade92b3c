using System.Globalization;

namespace TokMesh.EndToEnd;

/// <summary>Which of some processes has the loopback connection between two ports: <c>/proc/net/tcp</c> has its inode, <c>/proc/PID/fd</c> who holds that.</summary>
internal static class SocketOwner
{
    /// <summary>The one of the processes that has it, or null.</summary>
    public static int? Find(int localPort, int remotePort, IEnumerable<int> processes)
    {
        // A socket of both families, as .NET makes them, is listed in the second.
        if ((Inode("/proc/net/tcp", localPort, remotePort) ?? Inode("/proc/net/tcp6", localPort, remotePort)) is not { } inode) return null;
        foreach (var process in processes)
            if (Holds(process, $"socket:[{inode}]")) return process;
        return null;
    }

    private static string? Inode(string table, int localPort, int remotePort)
    {
        var (local, remote) = (":" + localPort.ToString("X4", CultureInfo.InvariantCulture), ":" + remotePort.ToString("X4", CultureInfo.InvariantCulture));
        foreach (var line in File.ReadLines(table).Skip(1))
        {
            // sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields[1].EndsWith(local, StringComparison.Ordinal) && fields[2].EndsWith(remote, StringComparison.Ordinal) && fields[9] != "0") return fields[9];
        }
        return null;
    }

    private static bool Holds(int process, string socket)
    {
        try
        {
            foreach (var file in Directory.EnumerateFileSystemEntries($"/proc/{process}/fd"))
                if (new FileInfo(file).LinkTarget == socket) return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended.
        }
        return false;
    }
}
