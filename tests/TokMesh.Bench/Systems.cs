using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace TokMesh.Bench;

/// <summary>A server, or several, that this program started on loopback, with data in a folder of its own; ended and removed with it.</summary>
internal abstract class SystemUnderTest : IAsyncDisposable
{
    private static readonly Lock Gate = new();
    private static readonly List<SystemUnderTest> Started = [];
    private static bool _interrupted;

    private readonly List<Process> _processes = [];

    protected SystemUnderTest(string name)
    {
        Folder = Directory.CreateTempSubdirectory($"tokmesh-bench-{name}-").FullName;
        lock (Gate) Started.Add(this);
    }

    protected string Folder { get; }

    /// <summary>Ends all that was started, and then this program, when it is interrupted (as by Ctrl-C, or SIGTERM).</summary>
    public static IDisposable EndAllOn(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        lock (Gate)
        {
            _interrupted = true;
            foreach (var system in Started)
            {
                try
                {
                    system.EndAsync().GetAwaiter().GetResult();
                }
                catch (Exception e) when (e is InvalidOperationException or IOException)
                {
                    Console.Error.WriteLine($"Left behind: {system.Folder}. {e.Message}");
                }
            }
        }
        Environment.Exit(128 + (signal == PosixSignal.SIGINT ? 2 : 15));
    });

    public async ValueTask DisposeAsync()
    {
        // A load fails when its server is ended below it: whoever ends the servers ends this program too.
        if (_interrupted) await Task.Delay(Timeout.Infinite);
        await EndAsync();
        lock (Gate) Started.Remove(this);
    }

    protected virtual async Task EndAsync()
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
