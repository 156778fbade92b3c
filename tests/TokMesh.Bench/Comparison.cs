using System.Globalization;

namespace TokMesh.Bench;

/// <summary>
/// The same work on each system in turn, once a round. Timings on a shared machine drift: systems are compared within a round, and
/// of several rounds the median counts.
/// </summary>
internal sealed class Comparison(string launcher, string server, int nodes, string engine, int clients, TimeSpan duration, string[] others)
{
    private const int ValueBytes = 100;
    private const int Keys = 100_000;
    private const int WarmUpSeconds = 10;
    private const string TokMesh = "tokmesh";
    private const string Peer = "peer";

    private readonly List<List<LoadResult>> _rounds = [];

    /// <summary>Everything that was measured, round by round.</summary>
    public IReadOnlyList<IReadOnlyList<LoadResult>> Rounds => _rounds;

    /// <summary>Measures every system once, each started afresh and alone.</summary>
    public async Task RunRoundAsync()
    {
        _rounds.Add([]);
        Console.WriteLine($"  {"system",-8} {"workload",-34} {"-c",4} {"-P",4} {"op/s",10} {"p50 ms",8} {"p99 ms",8}");
        if (others.Contains("redis"))
        {
            await using var redis = await RedisServer.StartAsync();
            await BenchmarkAsync("redis", RedisServer.Address, null, 8_000);
        }
        if (others.Contains("etcd"))
        {
            await using var etcd = await EtcdCluster.StartAsync();
            foreach (var pipeline in new[] { 1, 16 })
            {
                await AddAsync(ClosedLoop.RunAsync("etcd", $"PUT {ValueBytes} B", clients, pipeline, duration,
                    c => EtcdLoad.ConnectAsync(EtcdCluster.Addresses[c % 3], c, Keys, ValueBytes)));
            }
        }
        if (others.Contains(Peer)) await RunTokMeshAsync(Peer, Peer);
        await RunTokMeshAsync(TokMesh, engine);
    }

    /// <summary>Prints medians over the rounds, and the ratios to the other systems.</summary>
    public void Conclude()
    {
        var workloads = _rounds[0].Select(r => (r.System, r.Workload, r.Pipeline)).ToArray();
        if (_rounds.Count > 1)
        {
            Console.WriteLine($"  Medians of {_rounds.Count} rounds, with the smallest and the largest:");
            foreach (var (system, workload, pipeline) in workloads)
            {
                var sorted = _rounds.Select(r => Rate(r, system, workload, pipeline)).Order().ToArray();
                Console.WriteLine(Text($"  {system,-8} {workload,-34} -P {pipeline,2} {Median(sorted),10:F0} op/s ({sorted[0]:F0} to {sorted[^1]:F0})"));
            }
        }
        foreach (var (_, ours, pipeline) in workloads.Where(w => w.System == TokMesh && w.Workload.StartsWith("SET", StringComparison.Ordinal)))
        {
            foreach (var (other, theirs, theirPipeline) in workloads.Where(w => w.System is not TokMesh and not Peer && (w.Pipeline == pipeline || w.System == "etcd")))
            {
                var ratios = _rounds.Select(r => Rate(r, TokMesh, ours, pipeline) / Rate(r, other, theirs, theirPipeline)).Order().ToArray();
                Console.WriteLine(Text($"  {ours} -P {pipeline} is {Median(ratios),6:F2} times {other} {theirs} -P {theirPipeline} ({ratios[0]:F2} to {ratios[^1]:F2})"));
            }
        }
        ConcludeEngines();
    }

    private void ConcludeEngines()
    {
        foreach (var (_, workload, pipeline) in _rounds[0].Where(r => r.System == Peer).Select(r => (r.System, r.Workload, r.Pipeline)))
        {
            var ratios = _rounds.Select(r => Rate(r, TokMesh, workload, pipeline) / Rate(r, Peer, workload, pipeline)).Order().ToArray();
            Console.WriteLine(Text($"  {engine}: {workload} -P {pipeline} is {Median(ratios),5:F2} of the peer engine ({ratios[0]:F2} to {ratios[^1]:F2})"));
        }
    }

    private async Task RunTokMeshAsync(string system, string engineOfIt)
    {
        await using var cluster = await TokMeshCluster.StartAsync(launcher, server, nodes, engineOfIt);
        await WarmUpAsync(cluster);
        await BenchmarkAsync(system, cluster.Nodes[0].Redis, cluster.AdminKey, 15_000);
        foreach (var write in new[] { true, false })
        {
            foreach (var pipeline in new[] { 1, 16 }) await AddAsync(OverAllNodesAsync(cluster, system, write, pipeline, duration));
        }
        foreach (var validate in new[] { false, true })
        {
            await AddAsync(ClosedLoop.RunAsync(system, validate ? "token validate, HTTP" : "session create, HTTP", clients, 1, duration,
                c => HttpLoad.ConnectAsync(cluster.Nodes[c % nodes].Http, cluster.AdminKey, c, validate)));
        }
    }

    // The runtime compiles what is hot anew for most of a minute: what a server that has run for a while does is measured, not that.
    private async Task WarmUpAsync(TokMeshCluster cluster)
    {
        foreach (var write in new[] { true, false })
        {
            foreach (var pipeline in new[] { 1, 16 }) await OverAllNodesAsync(cluster, "", write, pipeline, TimeSpan.FromSeconds(WarmUpSeconds));
        }
    }

    private Task<LoadResult> OverAllNodesAsync(TokMeshCluster cluster, string system, bool write, int pipeline, TimeSpan time) =>
        ClosedLoop.RunAsync(system, $"{(write ? "SET" : "GET")} over all nodes", clients, pipeline, time,
            c => RedisLoad.ConnectAsync(cluster.Nodes[c % nodes].Redis, cluster.AdminKey, c, write, Keys, ValueBytes));

    private async Task BenchmarkAsync(string system, string address, string? credential, int perSecond)
    {
        foreach (var pipeline in new[] { 1, 16 })
        {
            var requests = (int)(duration.TotalSeconds * perSecond * (pipeline > 1 ? 5 : 1));
            foreach (var random in new[] { false, true })
                await AddAsync(RedisBenchmark.RunAsync(system, address, credential, clients, pipeline, requests, ValueBytes, random));
        }
    }

    private async Task AddAsync(Task<LoadResult> run)
    {
        var result = await run;
        _rounds[^1].Add(result);
        Console.WriteLine(Text($"  {result.System,-8} {result.Workload,-34} {result.Clients,4} {result.Pipeline,4} {result.OperationsPerSecond,10:F0} {result.P50Ms,8:F2} {result.P99Ms,8:F2}")
            + (result.Errors > 0 ? $"  {result.Errors} errors" : ""));
    }

    private static double Rate(List<LoadResult> round, string system, string workload, int pipeline) =>
        round.First(r => r.System == system && r.Workload == workload && r.Pipeline == pipeline).OperationsPerSecond;

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
