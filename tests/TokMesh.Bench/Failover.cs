using System.Diagnostics;
using TokMesh.Cluster.Placement;

namespace TokMesh.Bench;

/// <summary>How long writes pause when a node that leads is killed.</summary>
internal static class Failover
{
    /// <summary>
    /// Each round kills the node that leads most shards and at once writes one key of every shard it led, through another node. A
    /// shard's pause is the time from the kill to the answer of its first write.
    /// </summary>
    public static async Task<IReadOnlyList<(double FirstMs, double MedianMs, double LastMs, int Shards)>> RunAsync(TokMeshCluster cluster, int rounds, Action<string> progress)
    {
        var results = new List<(double, double, double, int)>();
        for (var round = 1; round <= rounds; round++)
        {
            var led = await cluster.LedShardsAsync();
            var victim = Enumerable.Range(0, led.Count).MaxBy(n => led[n].Length);
            var shards = led.Sum(l => l.Length);
            var survivor = cluster.Nodes[(victim + 1) % cluster.Nodes.Count];
            var connections = new List<ILoadConnection>();
            foreach (var group in led[victim])
                connections.Add(await RedisLoad.ConnectToKeyAsync(survivor.Redis, cluster.AdminKey, KeyOf(group, shards)));
            foreach (var connection in connections) await connection.RunBatchAsync(1);

            using var process = Process.GetProcessById(cluster.Nodes[victim].Pid);
            var clock = Stopwatch.StartNew();
            process.Kill();
            var pauses = await Task.WhenAll(connections.Select(connection => Task.Run(async () =>
            {
                while (await connection.RunBatchAsync(1) != 0) await Task.Delay(5);
                return clock.Elapsed.TotalMilliseconds;
            })));
            foreach (var connection in connections) connection.Dispose();
            Array.Sort(pauses);
            results.Add((pauses[0], pauses[pauses.Length / 2], pauses[^1], pauses.Length));
            progress($"round {round}: {pauses.Length} shards, first {pauses[0]:F0} ms, median {pauses[pauses.Length / 2]:F0} ms, last {pauses[^1]:F0} ms");
            await cluster.RestartAsync();
            // Some shards are led by the restarted node again only by chance; the node that leads most is the next victim.
            await Task.Delay(1500);
        }
        return results;
    }

    private static string KeyOf(uint group, int shards)
    {
        for (var i = 0; ; i++)
        {
            var key = $"failover:{i}";
            if (Sharding.OfKey(System.Text.Encoding.ASCII.GetBytes(key), shards).Group == group) return key;
        }
    }
}
