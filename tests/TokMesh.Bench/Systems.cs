using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using TokMesh.Host;

namespace TokMesh.Bench;

/// <summary>A server, or several, that this program started on loopback, with data in a folder of its own; ended and removed with it.</summary>
internal abstract class SystemUnderTest : IAsyncDisposable
{
    private readonly List<Process> _processes = [];

    protected SystemUnderTest(string name) =>
        Folder = Directory.CreateTempSubdirectory($"tokmesh-bench-{name}-").FullName;

    protected string Folder { get; }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            // With its children: one that rewrites a file would go on writing.
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
        Directory.Delete(Folder, recursive: true);
    }

    protected void Start(string program, params string[] arguments)
    {
        // Output would fill a pipe that nobody reads.
        var info = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        info.ArgumentList.Add("-c");
        info.ArgumentList.Add("exec \"$0\" \"$@\" >/dev/null 2>&1 </dev/null");
        info.ArgumentList.Add(program);
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        _processes.Add(Process.Start(info)!);
    }

    protected static async Task WaitForAsync(string address)
    {
        for (var i = 0; i < 200; i++)
        {
            try
            {
                using var socket = await ClosedLoop.ConnectAsync(address);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }
        throw new TimeoutException($"Nothing listens on {address} after 10 s.");
    }
}

/// <summary>A TokMesh cluster as <c>./tokmesh up</c> starts it.</summary>
internal sealed class TokMeshCluster : SystemUnderTest
{
    private const int PortOffset = 2000;
    private readonly string _launcher;
    private readonly string _server;

    private TokMeshCluster(string launcher, string server)
        : base("tokmesh") => (_launcher, _server) = (launcher, server);

    public IReadOnlyList<(string Http, string Redis, int Pid)> Nodes { get; private set; } = [];

    public string AdminKey { get; private set; } = "";

    /// <param name="launcher">The launcher's assembly.</param>
    /// <param name="server">The server's assembly.</param>
    /// <param name="nodes">How many nodes.</param>
    /// <param name="engine"><c>peer</c> or <c>orleans</c>; the latter with a PostgreSQL of its own.</param>
    public static async Task<TokMeshCluster> StartAsync(string launcher, string server, int nodes, string engine)
    {
        var cluster = new TokMeshCluster(launcher, server);
        // PostgreSQL may run as another user, who must reach it.
        if (engine == "orleans" && !OperatingSystem.IsWindows()) File.SetUnixFileMode(cluster.Folder, File.GetUnixFileMode(cluster.Folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        await cluster.UpAsync(["--nodes", $"{nodes}", "--engine", engine, .. engine == "orleans" ? (string[])["--postgres", "auto"] : []]);
        return cluster;
    }

    /// <summary>Starts whichever nodes are not running.</summary>
    public Task RestartAsync() => UpAsync();

    public override async ValueTask DisposeAsync()
    {
        await LaunchAsync("down", "--data", Folder);
        await base.DisposeAsync();
    }

    private async Task UpAsync(params string[] more)
    {
        var json = await LaunchAsync(["up", "--data", Folder, "--detach", "--json", "--port-offset", $"{PortOffset}", .. more, "--", "--session.quota.max-per-user=10000"]);
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        AdminKey = root.GetProperty("admin_key").GetString()!;
        Nodes = [.. root.GetProperty("nodes").EnumerateArray().Select(n => (n.GetProperty("http").GetString()!, n.GetProperty("redis").GetString()!, n.GetProperty("pid").GetInt32()))];
    }

    private async Task<string> LaunchAsync(params string[] arguments)
    {
        var info = new ProcessStartInfo("dotnet", [_launcher, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["TOKMESH_SERVER_DLL"] = _server;
        // This program's own choice, and a poor one for some servers: each makes its own.
        info.Environment.Remove(InlineSockets.Variable);
        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException(await errors);
    }
}

/// <summary>Debian's redis-server, every write synced before its answer.</summary>
internal sealed class RedisServer : SystemUnderTest
{
    public const string Address = "127.0.0.1:16379";

    private RedisServer()
        : base("redis")
    {
    }

    public static async Task<RedisServer> StartAsync()
    {
        var redis = new RedisServer();
        redis.Start("redis-server", "--bind", "127.0.0.1", "--port", "16379", "--dir", redis.Folder, "--appendonly", "yes", "--appendfsync", "always", "--save", "");
        await WaitForAsync(Address);
        return redis;
    }
}

/// <summary>Debian's etcd, three members on loopback, with its own defaults for durability.</summary>
internal sealed class EtcdCluster : SystemUnderTest
{
    private EtcdCluster()
        : base("etcd")
    {
    }

    public static IReadOnlyList<string> Addresses { get; } = ["127.0.0.1:12379", "127.0.0.1:22379", "127.0.0.1:32379"];

    public static async Task<EtcdCluster> StartAsync()
    {
        var etcd = new EtcdCluster();
        var members = string.Join(',', Addresses.Select((_, i) => $"n{i + 1}=http://127.0.0.1:{i + 1}2380"));
        for (var i = 0; i < Addresses.Count; i++)
        {
            var peer = $"http://127.0.0.1:{i + 1}2380";
            etcd.Start("etcd", "--name", $"n{i + 1}", "--data-dir", Path.Combine(etcd.Folder, $"n{i + 1}"), "--listen-client-urls", "http://" + Addresses[i],
                "--advertise-client-urls", "http://" + Addresses[i], "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", members, "--initial-cluster-state", "new", "--log-level", "error");
        }
        foreach (var address in Addresses) await WaitForAsync(address);
        await Task.Delay(3000); // A leader is elected.
        return etcd;
    }
}
