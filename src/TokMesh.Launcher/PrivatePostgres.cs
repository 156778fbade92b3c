using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace TokMesh.Launcher;

/// <summary>
/// A PostgreSQL server of one's own in one directory, for membership of a cluster on one machine: made when it is first started, with
/// a port and a password that stay with the directory. It listens on loopback alone, without a Unix socket, and lets in nobody
/// without the password. It outlives the process that started it.
/// </summary>
internal sealed class PrivatePostgres(string directory)
{
    /// <summary>What its user is called, and may do everything in it.</summary>
    private const string User = "tokmesh";

    private readonly string _files = Path.Combine(directory, "files");
    private readonly string _log = Path.Combine(directory, "server.log");
    private readonly string _passwordFile = Path.Combine(directory, "password");
    private readonly string _portFile = Path.Combine(directory, "port");

    /// <summary>Whether its server runs: the process that wrote the pid file is there and is of this directory.</summary>
    public bool IsRunning
    {
        get
        {
            try
            {
                var pid = File.ReadLines(Path.Combine(_files, "postmaster.pid")).FirstOrDefault();
                return pid is not null && File.ReadAllText($"/proc/{pid.Trim()}/cmdline").Contains(_files, StringComparison.Ordinal);
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    /// <summary>Whether PostgreSQL's server programs are on this machine.</summary>
    public static bool IsInstalled => Binaries() is not null;

    /// <summary>Starts it unless it runs. Returns the connection string, password included.</summary>
    public async Task<string> StartAsync(CancellationToken cancel)
    {
        var binaries = Binaries() ?? throw new LaunchException("PostgreSQL's server programs (initdb, postgres, pg_ctl) are neither on the PATH nor in /usr/lib/postgresql. "
            + "Install them (Debian: apt-get install postgresql), or name a server: --postgres \"Host=…;Database=…;Username=…;Password=…\".");
        var account = PostgresAccount.Choose();
        if (!File.Exists(Path.Combine(_files, "PG_VERSION"))) await CreateAsync(binaries, account, cancel);
        var port = int.Parse(await File.ReadAllTextAsync(_portFile, cancel), CultureInfo.InvariantCulture);
        if (!IsRunning)
        {
            if (!LoopbackPort.IsFree(port)) throw new LaunchException($"Something else listens on 127.0.0.1:{port}, the port of the PostgreSQL in {directory}. Stop it; or, while no node runs, write another port into {_portFile}.");
            // pg_ctl comes back when connections are accepted, and leaves the server in a session of its own: Ctrl-C does not reach it.
            await RunAsync(account, Path.Combine(binaries, "pg_ctl"),
                ["start", "--wait", "--timeout=60", "--silent", $"--pgdata={_files}", $"--log={_log}", $"--options=-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="],
                $"PostgreSQL did not start; the end of {_log} says why.", cancel);
        }
        return $"Host=127.0.0.1;Port={port};Database=postgres;Username={User};Password={(await File.ReadAllTextAsync(_passwordFile, cancel)).Trim()}";
    }

    /// <summary>Ends it if it runs, and waits for that. Clients are disconnected; what is committed is on disk.</summary>
    /// <param name="immediately">Without a checkpoint, as in a power cut.</param>
    /// <param name="cancel">Gives up waiting.</param>
    public async Task StopAsync(bool immediately, CancellationToken cancel)
    {
        if (!IsRunning) return;
        var binaries = Binaries() ?? throw new LaunchException($"PostgreSQL's pg_ctl is not there any more: end the server in {directory} by hand.");
        await RunAsync(PostgresAccount.Choose(), Path.Combine(binaries, "pg_ctl"),
            ["stop", "--wait", "--timeout=60", "--silent", $"--pgdata={_files}", $"--mode={(immediately ? "immediate" : "fast")}"], "PostgreSQL did not stop.", cancel);
    }

    private async Task CreateAsync(string binaries, PostgresAccount? account, CancellationToken cancel)
    {
        // What an attempt left that was broken off half way. Nothing was ever kept in it: the version file is initdb's first, but only
        // a directory that initdb has finished gets its final name.
        var unfinished = _files + ".new";
        if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        MakeDirectory(directory, account);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var file = new StreamWriter(_passwordFile, options)) await file.WriteLineAsync(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)));
        account?.Own(_passwordFile);
        await RunAsync(account, Path.Combine(binaries, "initdb"),
            [$"--pgdata={unfinished}", $"--username={User}", $"--pwfile={_passwordFile}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"],
            account is null ? "PostgreSQL's files cannot be made." : $"PostgreSQL's files cannot be made; as root it runs as user {account.Name}, who must be able to reach {directory}: every directory on the way needs the permission x for others, or choose another --data.",
            cancel);
        await File.WriteAllTextAsync(_portFile, FreePort().ToString(CultureInfo.InvariantCulture), cancel);
        Directory.Move(unfinished, _files);
    }

    private static void MakeDirectory(string path, PostgresAccount? account)
    {
        Directory.CreateDirectory(path);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        account?.Own(path);
    }

    /// <summary>The directory of the newest server programs, or null.</summary>
    private static string? Binaries()
    {
        var packaged = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0).Select(d => Path.Combine(d, "bin"))
            : [];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return packaged.Concat(path).FirstOrDefault(d => ((string[])["initdb", "postgres", "pg_ctl"]).All(program => File.Exists(Path.Combine(d, program))));
    }

    private static async Task RunAsync(PostgresAccount? account, string program, string[] arguments, string failure, CancellationToken cancel)
    {
        // Files instead of pipes: the server that pg_ctl leaves behind inherits them, and a pipe of ours would never end.
        var said = Path.GetTempFileName();
        try
        {
            var info = PostgresAccount.Command(account, "/bin/sh", ["-c", "cd / && exec \"$@\"", "sh", program, .. arguments]);
            var outer = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", said, info.FileName, .. info.ArgumentList]) { UseShellExecute = false };
            // A server knows nothing of settings of ours, and takes PG… for settings of its own.
            foreach (var name in outer.Environment.Keys.Where(k => k.StartsWith("TOKMESH_", StringComparison.Ordinal) || k.StartsWith("PG", StringComparison.Ordinal)).ToArray())
                outer.Environment.Remove(name);
            using var process = Process.Start(outer) ?? throw new InvalidOperationException($"{program} could not be started.");
            await process.WaitForExitAsync(cancel);
            if (process.ExitCode != 0) throw new LaunchException($"{failure}\n{(await File.ReadAllTextAsync(said, cancel)).Trim()}");
        }
        finally
        {
            File.Delete(said);
        }
    }

    // Below those that the system hands out for outgoing connections, so that it is still free at the next start.
    private static int FreePort()
    {
        for (var i = 0; i < 200; i++)
        {
            var port = RandomNumberGenerator.GetInt32(20_000, 32_000);
            if (LoopbackPort.IsFree(port)) return port;
        }
        throw new LaunchException("No free port was found for PostgreSQL.");
    }
}
