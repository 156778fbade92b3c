using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace TokMesh.Redis.Tests;

/// <summary>A real redis-server on a free loopback port, ended with this object.</summary>
internal sealed class RedisProcess : IDisposable
{
    private readonly Process _process;
    private readonly string _directory;

    private RedisProcess(Process process, string directory, int port) => (_process, _directory, Port) = (process, directory, port);

    public int Port { get; }

    /// <summary>Null when redis-server is not installed.</summary>
    public static RedisProcess? TryStart(string password)
    {
        var directory = Directory.CreateTempSubdirectory("tokmesh-redis-").FullName;
        var port = FreePort();
        var start = new ProcessStartInfo("redis-server", ["--port", port.ToString(), "--bind", "127.0.0.1", "--save", "", "--dir", directory, "--requirepass", password])
        {
            RedirectStandardOutput = true,
        };
        try
        {
            var process = Process.Start(start)!;
            process.BeginOutputReadLine();
            WaitUntilOpen(port);
            return new RedisProcess(process, directory, port);
        }
        catch (Win32Exception)
        {
            Directory.Delete(directory);
            return null;
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void WaitUntilOpen(int port)
    {
        var until = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                probe.Connect(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException) when (until.ElapsedMilliseconds < 5000)
            {
                Thread.Sleep(20);
            }
        }
    }
}
