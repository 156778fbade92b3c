using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using TokMesh.Cluster.Placement;
using TokMesh.Host;

namespace TokMesh.Bench;

/// <summary>A build of TokMesh.</summary>
/// <param name="Name">How it is called in what is reported.</param>
/// <param name="Server">Its server's assembly. The launcher beside it starts it, and so knows its command line.</param>
/// <param name="UpOptions">What its launcher is told beside what every one is.</param>
internal sealed record TokMeshBuild(string Name, string Server, IReadOnlyList<string> UpOptions)
{
    public string Launcher { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Server)!, "../../../../src/TokMesh.Launcher/bin/Release/net10.0/tokmesh-launcher.dll"));

    /// <summary>An earlier version, whose nodes spoke through one of two engines: with the built-in one.</summary>
    public static TokMeshBuild Before(string server) => new("before", server, ["--engine", "peer"]);
}

/// <summary>A TokMesh cluster as <c>./tokmesh up</c> starts it.</summary>
internal sealed class TokMeshCluster : SystemUnderTest
{
    private readonly TokMeshBuild _build;
    private readonly int _portOffset;
    private Task _up = Task.CompletedTask;

    private TokMeshCluster(TokMeshBuild build, int portOffset)
        : base("tokmesh") => (_build, _portOffset) = (build, portOffset);

    public string Name => _build.Name;

    public IReadOnlyList<(string Http, string Redis, int Pid)> Nodes { get; private set; } = [];

    public string AdminKey { get; private set; } = "";

    /// <param name="build">What is started.</param>
    /// <param name="nodes">How many nodes.</param>
    /// <param name="portOffset">How far its ports are from those of a cluster that somebody uses; another one for every cluster of one time.</param>
    public static async Task<TokMeshCluster> StartAsync(TokMeshBuild build, int nodes, int portOffset = 2000)
    {
        var cluster = new TokMeshCluster(build, portOffset);
        cluster._up = cluster.UpAsync(["--nodes", $"{nodes}", .. build.UpOptions]);
        try
        {
            await cluster._up;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
        return cluster;
    }

    /// <summary>Starts whichever nodes are not running.</summary>
    public Task RestartAsync() => _up = UpAsync();

    /// <summary>Which shards each node leads, in the order of <see cref="Nodes"/>, as soon as each has one leader.</summary>
    /// <exception cref="TimeoutException">One has not within 10 s.</exception>
    public async Task<IReadOnlyList<uint[]>> LedShardsAsync()
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        for (var i = 0; i < 100; i++)
        {
            var led = new List<uint[]>();
            var shards = new HashSet<uint>();
            foreach (var node in Nodes)
            {
                using var json = JsonDocument.Parse(await http.GetStreamAsync(new Uri($"http://{node.Http}/cluster/shards")));
                var replicas = json.RootElement.GetProperty("data").GetProperty("replicas").EnumerateArray()
                    .Select(r => (Group: r.GetProperty("group").GetUInt32(), Leads: r.GetProperty("role").GetString() == "leader")).Where(r => r.Group > 0).ToArray();
                shards.UnionWith(replicas.Select(r => r.Group));
                led.Add([.. replicas.Where(r => r.Leads).Select(r => r.Group)]);
            }
            if (led.Sum(l => l.Length) == shards.Count) return led;
            await Task.Delay(100);
        }
        throw new TimeoutException("Not every shard has one leader after 10 s.");
    }

    /// <summary>The node that leads the shard of a key.</summary>
    public async Task<(string Http, string Redis, int Pid)> LeaderOfAsync(string key)
    {
        var led = await LedShardsAsync();
        var shard = Sharding.OfKey(Encoding.ASCII.GetBytes(key), led.Sum(l => l.Length)).Group;
        return Nodes[Enumerable.Range(0, led.Count).First(n => led[n].Contains(shard))];
    }

    protected override async Task EndAsync()
    {
        // One that failed to start, or was interrupted meanwhile, has ended by itself.
        await _up.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Nodes.Count > 0) await LaunchAsync("down", "--data", Folder);
        await base.EndAsync();
    }

    private async Task UpAsync(params string[] more)
    {
        var json = await LaunchAsync(["up", "--data", Folder, "--detach", "--json", "--port-offset", $"{_portOffset}", .. more, "--", "--session.quota.max-per-user=10000"]);
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        AdminKey = root.GetProperty("admin_key").GetString()!;
        Nodes = [.. root.GetProperty("nodes").EnumerateArray().Select(n => (n.GetProperty("http").GetString()!, n.GetProperty("redis").GetString()!, n.GetProperty("pid").GetInt32()))];
    }

    private async Task<string> LaunchAsync(params string[] arguments)
    {
        var info = new ProcessStartInfo("dotnet", [_build.Launcher, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["TOKMESH_SERVER_DLL"] = _build.Server;
        // This program's own choice: every server makes its own.
        info.Environment.Remove(InlineSockets.Variable);
        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException(await errors);
    }
}
