using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using TokMesh.Bench;
using TokMesh.Host;

const string Help = """
    ./tokmesh bench [--seconds S] [--clients C] [--nodes N] [--vs redis,etcd] [--against SERVER] [--rounds R] [--failover ROUNDS]
                    [--memory [--sessions N]] [--idle] [--json FILE]
        Starts a cluster on loopback, warms it up for about a minute, and measures it in a closed loop, with every write replicated and
        synced.
        --seconds   how long each load runs, 1 to 600 (10)
        --clients   connections, 1 to 1000 (50)
        --nodes     nodes of the cluster, 1 to 9 (3)
        --vs        runs the same work on Debian's redis-server (appendfsync always) and a three-node etcd, and prints ratios; load by
                    load in turns, so that whichever is not measured idles meanwhile
        --against   does the same with an earlier version of TokMesh, called "before": SERVER is the tokmesh-server.dll of a working copy
                    of it in which server and launcher are built (Release), with the built-in engine that it had
        --rounds    how often everything is measured, 1 to 20 (1): medians over the rounds are reported, and ratios within a round
        --failover  instead kills the node that leads most shards, so many times (1 to 200), and reports how long writes paused
        --memory    instead loads sessions into the state of a replica, and into a whole node, and reports bytes a session and GC pauses
        --sessions  how many sessions --memory loads, 1000 to 10000000 (1000000)
        --idle      instead leaves the cluster alone for --seconds and reports what each node costs
        --json      also writes the results to a file (artifacts/bench.json)
    """;

// The load generators share the machine with what they measure: they should cost little, and the same for everyone.
InlineSockets.Enable();

int seconds = 10, clients = 50, nodes = 3, failovers = 0, rounds = 1, sessions = 1_000_000;
var memory = false;
var idle = false;
var server = "";
var against = "";
var json = "artifacts/bench.json";
string[] others = [];
for (var i = 0; i < args.Length; i++)
{
    if (args[i] is "--help" or "-h")
    {
        Console.WriteLine(Help);
        return 0;
    }
    if (args[i] == "--memory")
    {
        memory = true;
        continue;
    }
    if (args[i] == "--idle")
    {
        idle = true;
        continue;
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
        case "--rounds" when Number(value, 1, 20) is { } n:
            rounds = n;
            break;
        case "--failover" when Number(value, 1, 200) is { } n:
            failovers = n;
            break;
        case "--sessions" when Number(value, 1000, 10_000_000) is { } n:
            sessions = n;
            break;
        case "--json":
            json = value;
            break;
        case "--against":
            against = value;
            break;
        case "--vs" when value.Split(',') is var list && list.All(s => s is "redis" or "etcd"):
            others = list;
            break;
        default:
            return Usage($"{name} \"{value}\" is not an option, or out of range.");
    }
}

if ((memory ? 1 : 0) + (idle ? 1 : 0) + (failovers > 0 ? 1 : 0) > 1) return Usage("--memory, --idle and --failover are different measurements: choose one.");
if (memory && against.Length > 0) return Usage("--memory measures this build alone: leave --against out.");
if (memory)
{
    await WriteAsync(await MemoryRun.RunAsync(sessions));
    return 0;
}

using var interrupt = SystemUnderTest.EndAllOn(PosixSignal.SIGINT);
using var terminate = SystemUnderTest.EndAllOn(PosixSignal.SIGTERM);
List<TokMeshBuild> builds = [new("tokmesh", server, [])];
if (against.Length > 0) builds.Add(TokMeshBuild.Before(Path.GetFullPath(against)));
foreach (var build in builds)
{
    if (((string[])[build.Server, build.Launcher]).FirstOrDefault(f => !File.Exists(f)) is { } missing) return Usage($"{missing} does not exist.");
}
if (idle)
{
    var costs = new List<IdleNode>();
    foreach (var build in builds)
    {
        await using var cluster = await TokMeshCluster.StartAsync(build, nodes);
        costs.AddRange(await Idle.RunAsync(cluster, TimeSpan.FromSeconds(seconds)));
    }
    foreach (var node in costs) Console.WriteLine($"  {node.System}, node {node.Node}: {node.CorePercent:F2} % of a core, {node.SwitchesPerSecond:F0} context switches/s over {seconds} s without work");
    await WriteAsync(costs);
    return 0;
}

foreach (var (program, package, needed) in new[] { ("redis-benchmark", "redis-tools", true), ("redis-server", "redis-server", others.Contains("redis")), ("etcd", "etcd-server", others.Contains("etcd")) })
{
    if (needed && !await InstallAsync(program, package))
    {
        await Console.Error.WriteLineAsync($"{program} is needed: install Debian's package {package}.");
        return 69;
    }
}

if (failovers > 0)
{
    foreach (var build in builds)
    {
        await using var victim = await TokMeshCluster.StartAsync(build, nodes);
        var kills = await Failover.RunAsync(victim, failovers, Console.WriteLine);
        foreach (var (what, values) in new[] { ("first shard", kills.Select(r => r.FirstMs)), ("median shard", kills.Select(r => r.MedianMs)), ("last shard", kills.Select(r => r.LastMs)) })
        {
            var sorted = values.Order().ToArray();
            Console.WriteLine($"  {build.Name}: {what,-13} writes again after: min {sorted[0]:F0} ms, median {sorted[sorted.Length / 2]:F0} ms, p90 {sorted[sorted.Length * 9 / 10]:F0} ms, max {sorted[^1]:F0} ms of {sorted.Length} kills");
        }
    }
    return 0;
}

await using var comparison = new Comparison(nodes, clients, TimeSpan.FromSeconds(seconds));
await comparison.StartAsync(builds, others);
for (var round = 1; round <= rounds; round++)
{
    if (rounds > 1) Console.WriteLine($"  Round {round} of {rounds}");
    await comparison.RunRoundAsync();
}
comparison.Conclude();
await WriteAsync(comparison.Rounds);
return 0;

async Task WriteAsync<T>(T results)
{
    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(json))!);
    await File.WriteAllBytesAsync(json, JsonSerializer.SerializeToUtf8Bytes(results, new JsonSerializerOptions { WriteIndented = true }));
    Console.WriteLine($"Written to {json}");
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
