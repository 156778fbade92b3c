using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using TokMesh.Bench;

const string Help = """
    ./tokmesh bench [--seconds S] [--clients C] [--nodes N] [--vs redis,etcd] [--failover ROUNDS] [--json FILE]
        Starts a cluster on loopback and measures it in a closed loop, with every write replicated and synced.
        --seconds   how long each load runs, 1 to 600 (10)
        --clients   connections, 1 to 1000 (50)
        --nodes     nodes of the cluster, 1 to 9 (3)
        --vs        runs the same work on Debian's redis-server (appendfsync always) and a three-node etcd, in turn, and prints ratios
        --failover  instead kills the node that leads most shards, so many times (1 to 200), and reports how long writes paused
        --json      also writes the results to a file (artifacts/bench.json)
    """;

int seconds = 10, clients = 50, nodes = 3, failovers = 0;
var server = "";
var json = "artifacts/bench.json";
string[] others = [];
for (var i = 0; i < args.Length; i++)
{
    if (args[i] is "--help" or "-h")
    {
        Console.WriteLine(Help);
        return 0;
    }
    if (i + 1 >= args.Length) return Usage($"{args[i]} needs a value.");
    var (name, value) = (args[i], args[++i]);
    switch (name)
    {
        case "--server":
            server = value;
            break;
        case "--seconds" when Number(value, 1, 600) is { } n:
            seconds = n;
            break;
        case "--clients" when Number(value, 1, 1000) is { } n:
            clients = n;
            break;
        case "--nodes" when Number(value, 1, 9) is { } n:
            nodes = n;
            break;
        case "--failover" when Number(value, 1, 200) is { } n:
            failovers = n;
            break;
        case "--json":
            json = value;
            break;
        case "--vs" when value.Split(',') is var list && list.All(s => s is "redis" or "etcd"):
            others = list;
            break;
        default:
            return Usage($"{name} \"{value}\" is not an option, or out of range.");
    }
}

foreach (var (program, package, needed) in new[] { ("redis-benchmark", "redis-tools", true), ("redis-server", "redis-server", others.Contains("redis")), ("etcd", "etcd-server", others.Contains("etcd")) })
{
    if (needed && !await InstallAsync(program, package))
    {
        await Console.Error.WriteLineAsync($"{program} is needed: install Debian's package {package}.");
        return 69;
    }
}

var launcher = Path.Combine(Path.GetDirectoryName(server)!, "../../../../src/TokMesh.Launcher/bin/Release/net10.0/tokmesh-launcher.dll");
if (failovers > 0)
{
    using var victim = await TokMeshCluster.StartAsync(launcher, server, nodes);
    var rounds = await Failover.RunAsync(victim, failovers, Console.WriteLine);
    foreach (var (what, values) in new[] { ("first shard", rounds.Select(r => r.FirstMs)), ("median shard", rounds.Select(r => r.MedianMs)), ("last shard", rounds.Select(r => r.LastMs)) })
    {
        var sorted = values.Order().ToArray();
        Console.WriteLine($"  {what,-13} writes again after: min {sorted[0]:F0} ms, median {sorted[sorted.Length / 2]:F0} ms, p90 {sorted[sorted.Length * 9 / 10]:F0} ms, max {sorted[^1]:F0} ms of {sorted.Length} kills");
    }
    return 0;
}

var results = new List<LoadResult>();
var duration = TimeSpan.FromSeconds(seconds);
const int Value = 100, Keys = 100_000;
if (others.Contains("redis"))
{
    using var redis = await RedisServer.StartAsync();
    foreach (var pipeline in new[] { 1, 16 })
        foreach (var random in new[] { false, true })
            await AddAsync(() => RedisBenchmark.RunAsync("redis", RedisServer.Address, null, clients, pipeline, Requests(pipeline, 8000), Value, random));
}
if (others.Contains("etcd"))
{
    using var etcd = await EtcdCluster.StartAsync();
    await AddAsync(() => ClosedLoop.RunAsync("etcd", $"PUT {Value} B", clients, 1, duration, c => EtcdLoad.ConnectAsync(EtcdCluster.Addresses[c % 3], c, Keys, Value)));
    await AddAsync(() => ClosedLoop.RunAsync("etcd", $"PUT {Value} B", clients, 16, duration, c => EtcdLoad.ConnectAsync(EtcdCluster.Addresses[c % 3], c, Keys, Value)));
}
using (var cluster = await TokMeshCluster.StartAsync(launcher, server, nodes))
{
    var first = cluster.Nodes[0];
    foreach (var pipeline in new[] { 1, 16 })
        foreach (var random in new[] { false, true })
            await AddAsync(() => RedisBenchmark.RunAsync("tokmesh", first.Redis, cluster.AdminKey, clients, pipeline, Requests(pipeline, 15_000), Value, random));
    await AddAsync(() => Redis("SET over all nodes", write: true, 1));
    await AddAsync(() => Redis("SET over all nodes", write: true, 16));
    await AddAsync(() => Redis("GET over all nodes", write: false, 1));
    await AddAsync(() => Redis("GET over all nodes", write: false, 16));
    await AddAsync(() => ClosedLoop.RunAsync("tokmesh", "session create, HTTP", clients, 1, duration, c => HttpLoad.ConnectAsync(cluster.Nodes[c % nodes].Http, cluster.AdminKey, c, validate: false)));
    await AddAsync(() => ClosedLoop.RunAsync("tokmesh", "token validate, HTTP", clients, 1, duration, c => HttpLoad.ConnectAsync(cluster.Nodes[c % nodes].Http, cluster.AdminKey, c, validate: true)));

    Task<LoadResult> Redis(string workload, bool write, int pipeline) => ClosedLoop.RunAsync("tokmesh", workload, clients, pipeline, duration,
        c => RedisLoad.ConnectAsync(cluster.Nodes[c % nodes].Redis, cluster.AdminKey, c, write, Keys, Value));
}

foreach (var pipeline in new[] { 1, 16 })
{
    foreach (var other in results.Where(r => r.System != "tokmesh" && r.Pipeline == pipeline).ToArray())
    {
        foreach (var ours in results.Where(r => r.System == "tokmesh" && r.Pipeline == pipeline && r.Workload.StartsWith("SET", StringComparison.Ordinal)))
            Console.WriteLine($"  {ours.Workload} -P {pipeline} is {ours.OperationsPerSecond / other.OperationsPerSecond,6:F2} times {other.System} {other.Workload}");
    }
}
Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(json))!);
await File.WriteAllBytesAsync(json, JsonSerializer.SerializeToUtf8Bytes(results, new JsonSerializerOptions { WriteIndented = true }));
Console.WriteLine($"Written to {json}");
return 0;

int Requests(int pipeline, int perSecond) => seconds * perSecond * (pipeline > 1 ? 5 : 1);

async Task AddAsync(Func<Task<LoadResult>> run)
{
    if (results.Count == 0) Console.WriteLine($"  {"system",-8} {"workload",-34} {"-c",4} {"-P",4} {"op/s",10} {"p50 ms",8} {"p99 ms",8}");
    var result = await run();
    results.Add(result);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {result.System,-8} {result.Workload,-34} {result.Clients,4} {result.Pipeline,4} {result.OperationsPerSecond,10:F0} {result.P50Ms,8:F2} {result.P99Ms,8:F2}")
        + (result.Errors > 0 ? $"  {result.Errors} errors" : ""));
}

static int? Number(string text, int min, int max) =>
    int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= min && n <= max ? n : null;

static int Usage(string problem)
{
    Console.Error.WriteLine(problem + "\n\n" + Help);
    return 64;
}

static async Task<bool> InstallAsync(string program, string package)
{
    if (Exists(program)) return true;
    if (!Exists("apt-get") || Environment.UserName != "root") return false;
    Console.WriteLine($"Installing {package}…");
    foreach (var arguments in new[] { "update -qq", $"install -y -qq --no-install-recommends {package}" })
    {
        var info = new ProcessStartInfo("apt-get", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        // Debian starts a freshly installed server at once; here only our own, on loopback, is wanted.
        info.Environment["RUNLEVEL"] = "1";
        info.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync();
        await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
    }
    return Exists(program);
}

static bool Exists(string program) =>
    (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(p => File.Exists(Path.Combine(p, program)));
