using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace TokMesh.Bench;

/// <summary>One connection of a load: sends a batch and waits for all its answers.</summary>
internal interface ILoadConnection : IDisposable
{
    /// <summary>Sends <paramref name="operations"/> operations and awaits their answers; returns how many failed.</summary>
    ValueTask<int> RunBatchAsync(int operations);
}

/// <summary>Drives connections in a closed loop: each sends the next batch when the last one is answered.</summary>
internal static class ClosedLoop
{
    public static async Task<LoadResult> RunAsync(string system, string workload, int clients, int pipeline, TimeSpan duration, Func<int, Task<ILoadConnection>> connect)
    {
        var connections = new ILoadConnection[clients];
        for (var i = 0; i < clients; i++) connections[i] = await connect(i);
        // Warmed up first: the JIT, the caches and the leaders' leases are not what is measured.
        await DriveAsync(connections, pipeline, TimeSpan.FromSeconds(Math.Min(2, duration.TotalSeconds / 2)));
        var clock = Stopwatch.StartNew();
        var (latencies, errors) = await DriveAsync(connections, pipeline, duration);
        var seconds = clock.Elapsed.TotalSeconds;
        foreach (var connection in connections) connection.Dispose();
        return new LoadResult(system, workload, clients, pipeline, latencies.Count * (double)pipeline / seconds, latencies.PercentileMs(50), latencies.PercentileMs(99), errors);
    }

    public static async Task<Socket> ConnectAsync(string address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var colon = address.LastIndexOf(':');
        await socket.ConnectAsync(IPAddress.Parse(address[..colon]), int.Parse(address.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture));
        return socket;
    }

    private static async Task<(Histogram Latencies, long Errors)> DriveAsync(ILoadConnection[] connections, int pipeline, TimeSpan duration)
    {
        var until = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var tasks = connections.Select(connection => Task.Run(async () =>
        {
            var latencies = new Histogram();
            long errors = 0;
            while (true)
            {
                var begin = Stopwatch.GetTimestamp();
                if (begin >= until) return (latencies, errors);
                errors += await connection.RunBatchAsync(pipeline);
                latencies.Add(Stopwatch.GetElapsedTime(begin).TotalMicroseconds);
            }
        })).ToArray();
        var all = new Histogram();
        long failed = 0;
        foreach (var (latencies, errors) in await Task.WhenAll(tasks))
        {
            all.Add(latencies);
            failed += errors;
        }
        return (all, failed);
    }
}
