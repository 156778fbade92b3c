using System.Globalization;

namespace TokMesh.Bench;

/// <summary>
/// The same work on each system, load by load in turns. Timings on a shared machine drift: systems are compared within a round, and of
/// several rounds the median counts.
/// </summary>
/// <remarks>
/// Whichever is not measured idles meanwhile, for a few percent of a core. To stop its processes costs more truth than that: what was
/// stopped for longer than an election takes elects anew, perhaps one node for every shard, and that is other work.
/// </remarks>
internal sealed class Comparison(int nodes, int clients, TimeSpan duration) : IAsyncDisposable
{
    private const int ValueBytes = 100;
    private const int Keys = 100_000;
    private const int FirstPortOffset = 2000, PortsApart = 200;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    private readonly List<Measured> _systems = [];
    private readonly List<string> _builds = [];
    private readonly List<List<LoadResult>> _rounds = [];

    private sealed record Measured(SystemUnderTest System, IReadOnlyList<Func<Task<LoadResult>>> Loads);

    /// <summary>Everything that was measured, round by round.</summary>
    public IReadOnlyList<IReadOnlyList<LoadResult>> Rounds => _rounds;

    /// <summary>Starts a cluster of each build, the first of which is compared with all else, and the other systems: <c>redis</c>, <c>etcd</c>.</summary>
    public async Task StartAsync(IEnumerable<TokMeshBuild> builds, string[] others)
    {
        foreach (var build in builds) await AddTokMeshAsync(build);
        if (others.Contains("redis")) Add(await RedisServer.StartAsync(), RedisLoads("redis", _ => Task.FromResult<IReadOnlyList<string>>([RedisServer.Address]), null, 8_000));
        if (others.Contains("etcd")) Add(await EtcdCluster.StartAsync(), EtcdLoads());
    }

    /// <summary>Measures every system once.</summary>
    public async Task RunRoundAsync()
    {
        _rounds.Add([]);
        Console.WriteLine($"  {"system",-8} {"workload",-34} {"-c",4} {"-P",4} {"op/s",10} {"p50 ms",8} {"p99 ms",8}");
        for (var i = 0; i < _systems.Max(s => s.Loads.Count); i++)
        {
            foreach (var (_, loads) in _systems.Where(s => i < s.Loads.Count)) await MeasureAsync(loads[i]);
            // None always comes first.
            _systems.Reverse();
        }
        // Nor with the same load of the next round.
        _systems.Reverse();
    }

    /// <summary>Prints medians over the rounds, and the ratios to the other systems.</summary>
    public void Conclude()
    {
        var workloads = _rounds[0].Select(r => (r.System, r.Workload, r.Pipeline)).GroupBy(w => (w.Workload, w.Pipeline)).SelectMany(g => g.OrderByDescending(w => w.System)).ToArray();
        if (_rounds.Count > 1)
        {
            Console.WriteLine($"  Medians of {_rounds.Count} rounds, with the smallest and the largest:");
            foreach (var (system, workload, pipeline) in workloads)
            {
                var sorted = _rounds.Select(r => Rate(r, system, workload, pipeline)).Order().ToArray();
                Console.WriteLine(Text($"  {system,-8} {workload,-34} -P {pipeline,2} {Median(sorted),10:F0} op/s ({sorted[0]:F0} to {sorted[^1]:F0})"));
            }
        }
        foreach (var (_, ours, pipeline) in workloads.Where(w => w.System == _builds[0] && w.Workload.StartsWith("SET", StringComparison.Ordinal)))
        {
            foreach (var (other, theirs, theirPipeline) in workloads.Where(w => !_builds.Contains(w.System) && (w.Pipeline == pipeline || w.System == "etcd")))
            {
                var ratios = Ratios((_builds[0], ours, pipeline), (other, theirs, theirPipeline));
                Console.WriteLine(Text($"  {ours} -P {pipeline} is {Median(ratios),6:F2} times {other} {theirs} -P {theirPipeline} ({ratios[0]:F2} to {ratios[^1]:F2})"));
            }
        }
        foreach (var (other, workload, pipeline) in _rounds[0].Where(r => _builds.IndexOf(r.System) > 0).Select(r => (r.System, r.Workload, r.Pipeline)))
        {
            var ratios = Ratios((_builds[0], workload, pipeline), (other, workload, pipeline));
            Console.WriteLine(Text($"  {workload} -P {pipeline} is {Median(ratios),5:F2} of {other} ({ratios[0]:F2} to {ratios[^1]:F2})"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var measured in _systems) await measured.System.DisposeAsync();
    }

    private async Task AddTokMeshAsync(TokMeshBuild build)
    {
        var cluster = await TokMeshCluster.StartAsync(build, nodes, FirstPortOffset + PortsApart * _systems.Count);
        _builds.Add(build.Name);
        Add(cluster, [.. RedisLoads(build.Name, AddressesAsync, cluster.AdminKey, 15_000), .. LoadsOverAllNodes(build.Name, cluster, duration)]);
        await WarmUpAsync(cluster);

        // A write that comes to its leader costs half of one that is forwarded, and who leads is chance. So that this is the same for every
        // cluster, one key is set at its leader, and random ones at every node alike.
        async Task<IReadOnlyList<string>> AddressesAsync(bool random) =>
            random ? [.. cluster.Nodes.Select(n => n.Redis)] : [(await cluster.LeaderOfAsync(RedisBenchmark.Key)).Redis];
    }

    // The runtime compiles what is hot anew for most of a minute: what a server that has run for a while does is measured, not that.
    private async Task WarmUpAsync(TokMeshCluster cluster)
    {
        foreach (var load in LoadsOverAllNodes("", cluster, WarmUp)) await load();
    }

    private IEnumerable<Func<Task<LoadResult>>> LoadsOverAllNodes(string name, TokMeshCluster cluster, TimeSpan time)
    {
        return [() => Keyed(true, 1), () => Keyed(true, 16), () => Keyed(false, 1), () => Keyed(false, 16), () => Sessions(false), () => Sessions(true)];

        Task<LoadResult> Keyed(bool write, int pipeline) =>
            ClosedLoop.RunAsync(name, $"{(write ? "SET" : "GET")} over all nodes", clients, pipeline, time,
                c => RedisLoad.ConnectAsync(cluster.Nodes[c % nodes].Redis, cluster.AdminKey, c, write, Keys, ValueBytes));

        Task<LoadResult> Sessions(bool validate) =>
            ClosedLoop.RunAsync(name, validate ? "token validate, HTTP" : "session create, HTTP", clients, 1, time,
                c => HttpLoad.ConnectAsync(cluster.Nodes[c % nodes].Http, cluster.AdminKey, c, validate));
    }

    private IEnumerable<Func<Task<LoadResult>>> RedisLoads(string name, Func<bool, Task<IReadOnlyList<string>>> addresses, string? credential, int perSecond) =>
        new[] { (1, false), (1, true), (16, false), (16, true) }.Select(load => (Func<Task<LoadResult>>)(async () =>
        {
            var (pipeline, random) = load;
            var requests = (int)(duration.TotalSeconds * perSecond * (pipeline > 1 ? 5 : 1));
            return await RedisBenchmark.RunAsync(name, await addresses(random), credential, clients, pipeline, requests, ValueBytes, random);
        }));

    private IEnumerable<Func<Task<LoadResult>>> EtcdLoads() =>
        new[] { 1, 16 }.Select(pipeline => (Func<Task<LoadResult>>)(() =>
            ClosedLoop.RunAsync("etcd", $"PUT {ValueBytes} B", clients, pipeline, duration, c => EtcdLoad.ConnectAsync(EtcdCluster.Addresses[c % 3], c, Keys, ValueBytes))));

    private void Add(SystemUnderTest system, IEnumerable<Func<Task<LoadResult>>> loads) => _systems.Add(new Measured(system, [.. loads]));

    private async Task MeasureAsync(Func<Task<LoadResult>> load)
    {
        var result = await load();
        _rounds[^1].Add(result);
        Console.WriteLine(Text($"  {result.System,-8} {result.Workload,-34} {result.Clients,4} {result.Pipeline,4} {result.OperationsPerSecond,10:F0} {result.P50Ms,8:F2} {result.P99Ms,8:F2}")
            + (result.Errors > 0 ? $"  {result.Errors} errors" : ""));
    }

    private double[] Ratios((string System, string Workload, int Pipeline) one, (string System, string Workload, int Pipeline) other) =>
        [.. _rounds.Select(r => Rate(r, one.System, one.Workload, one.Pipeline) / Rate(r, other.System, other.Workload, other.Pipeline)).Order()];

    private static double Rate(List<LoadResult> round, string system, string workload, int pipeline) =>
        round.First(r => r.System == system && r.Workload == workload && r.Pipeline == pipeline).OperationsPerSecond;

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
