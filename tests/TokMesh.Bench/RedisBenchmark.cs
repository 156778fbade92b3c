using System.Diagnostics;
using System.Globalization;

namespace TokMesh.Bench;

/// <summary>Redis's own load generator.</summary>
internal static class RedisBenchmark
{
    /// <summary>What it sets unless it is told to take random ones.</summary>
    public const string Key = "key:__rand_int__";

    /// <summary>
    /// Measures after a run of the same length that warms the server up, as <see cref="ClosedLoop"/> does. Given several addresses, one
    /// after the other with its share of the requests: the rate is that of the whole, the percentiles are the worst of any.
    /// </summary>
    public static async Task<LoadResult> RunAsync(string system, IReadOnlyList<string> addresses, string? credential, int clients, int pipeline, int requests, int valueBytes, bool randomKeys)
    {
        var results = new List<LoadResult>();
        foreach (var address in addresses)
        {
            await RunOnceAsync(system, address, credential, clients, pipeline, requests / addresses.Count, valueBytes, randomKeys);
            results.Add(await RunOnceAsync(system, address, credential, clients, pipeline, requests / addresses.Count, valueBytes, randomKeys));
        }
        return results[0] with
        {
            OperationsPerSecond = results.Count / results.Sum(r => 1 / r.OperationsPerSecond),
            P50Ms = results.Max(r => r.P50Ms),
            P99Ms = results.Max(r => r.P99Ms),
        };
    }

    private static async Task<LoadResult> RunOnceAsync(string system, string address, string? credential, int clients, int pipeline, int requests, int valueBytes, bool randomKeys)
    {
        var colon = address.LastIndexOf(':');
        var info = new ProcessStartInfo("redis-benchmark") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "-h", address[..colon], "-p", address[(colon + 1)..], "-t", "set", "-d", $"{valueBytes}", "-c", $"{clients}", "-P", $"{pipeline}", "-n", $"{requests}", "--csv" })
            info.ArgumentList.Add(argument);
        if (randomKeys)
        {
            info.ArgumentList.Add("-r");
            info.ArgumentList.Add("100000");
        }
        if (credential is not null)
        {
            foreach (var argument in new[] { "--user", credential[..credential.IndexOf(':')], "-a", credential[(credential.IndexOf(':') + 1)..] })
                info.ArgumentList.Add(argument);
        }
        using var process = Process.Start(info)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
        var line = output.Split('\n').FirstOrDefault(l => l.StartsWith("\"SET\"", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"redis-benchmark failed: {output} {await errors}");
        var fields = line.Split(',').Select(f => f.Trim('"', '\r')).ToArray();
        double Field(int i) => double.Parse(fields[i], CultureInfo.InvariantCulture);
        return new LoadResult(system, $"SET {valueBytes} B, redis-benchmark{(randomKeys ? " -r" : "")}", clients, pipeline, Field(1), Field(4), Field(6), 0);
    }
}
