using System.Diagnostics;

namespace TokMesh.Launcher;

/// <summary>Starting, watching and ending one server process.</summary>
internal static class NodeProcess
{
    private const int SigTerm = 15;

    private const string ConnectionStringVariable = "TOKMESH_CLUSTER_ORLEANS_CONNECTION_STRING";

    /// <summary>Starts a server in a session of its own, so that Ctrl-C at the terminal reaches the launcher alone. Returns its pid.</summary>
    public static int Start(string server, RunningNode node, string seeds, int nodeCount, string secretFile, string? connectionString, IEnumerable<string> more)
    {
        Directory.CreateDirectory(node.Data);
        var log = Path.Combine(node.Data, "server.log");
        string[] arguments =
        [
            $"--storage.dir={node.Data}", $"--cluster.node-id={node.Id}", $"--server.http.address={node.Http}", $"--server.redis.address={node.Redis}",
            $"--cluster.listen-address={node.Peer}", $"--cluster.orleans.gateway-address={node.Gateway}", $"--cluster.secret-file={secretFile}",
            $"--cluster.discovery.seeds={seeds}", $"--cluster.bootstrap.expect-nodes={nodeCount}", .. more,
        ];
        var info = new ProcessStartInfo("setsid") { UseShellExecute = false };
        info.ArgumentList.Add("/bin/sh");
        info.ArgumentList.Add("-c");
        // exec keeps the pid; the server outlives the launcher, so its output goes to a file and not to a pipe of ours.
        info.ArgumentList.Add("exec dotnet \"$@\" >>\"$0\" 2>&1 </dev/null");
        info.ArgumentList.Add(log);
        info.ArgumentList.Add(server);
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        // One that is in the user's environment is not meant: --postgres alone says where membership is kept.
        info.Environment.Remove(ConnectionStringVariable);
        if (connectionString is not null) info.Environment[ConnectionStringVariable] = connectionString;
        using var process = Process.Start(info) ?? throw new InvalidOperationException("The server could not be started.");
        return process.Id;
    }

    /// <summary>Whether the process is there and is the server of this data directory, not another that has been given its pid since.</summary>
    public static bool IsRunning(RunningNode node)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{node.Pid}/stat");
            var isZombie = stat[(stat.LastIndexOf(')') + 2)..].StartsWith('Z');
            return !isZombie && File.ReadAllText($"/proc/{node.Pid}/cmdline").Split('\0').Contains($"--storage.dir={node.Data}");
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Asks it to end and waits; ends it by force when it does not. False when it had to be forced.</summary>
    public static async Task<bool> StopAsync(RunningNode node, TimeSpan patience)
    {
        if (!IsRunning(node)) return true;
        _ = Native.Kill(node.Pid, SigTerm);
        for (var until = DateTime.UtcNow + patience; DateTime.UtcNow < until;)
        {
            if (!IsRunning(node)) return true;
            await Task.Delay(50);
        }
        _ = Native.Kill(node.Pid, 9);
        // Until it is really gone it holds its ports and the lock of its directory.
        while (IsRunning(node)) await Task.Delay(50);
        return false;
    }

    /// <summary>Whether the address is somebody else's already.</summary>
    public static bool IsTaken(string address) =>
        !LoopbackPort.IsFree(int.Parse(address.AsSpan(address.LastIndexOf(':') + 1), System.Globalization.CultureInfo.InvariantCulture));
}
