using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;
using TokMesh.Launcher;

namespace TokMesh.EndToEnd;

/// <summary>One server process of a test.</summary>
internal sealed class LocalNode
{
    public required string Id { get; init; }

    /// <summary>May be another one after its next start.</summary>
    public required string Http { get; set; }

    public required string Redis { get; init; }

    public required string Peer { get; init; }

    /// <summary>Where Orleans clients connect.</summary>
    public required string Gateway { get; init; }

    public required string Data { get; init; }

    public required LinkProxy Proxy { get; init; }

    public Process? Process { get; set; }

    public string Log => Path.Combine(Data, "server.log");

    /// <summary>Bytes that the log held at its last start.</summary>
    public long LogBefore { get; set; }

    public int RedisPort => int.Parse(Redis[(Redis.LastIndexOf(':') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Real server processes on loopback, each behind a <see cref="LinkProxy"/>; killed, paused and cut off at will, and gone at the end.</summary>
internal sealed partial class LocalCluster : IAsyncDisposable
{
    private const int SigTerm = 15, SigStop = 19, SigCont = 18;

    private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-e2e-").FullName;
    private readonly string[] _serverOptions;
    private readonly string? _connectionString;
    private readonly string _name = "e2e" + Guid.NewGuid().ToString("N");

    /// <param name="connectionString">Of the PostgreSQL that membership is kept in; null for the cluster itself.</param>
    /// <param name="serverOptions">What a test has its servers told.</param>
    private LocalCluster(string? connectionString, string[] serverOptions)
    {
        _connectionString = connectionString;
        string[] membership = connectionString is null ? ["--cluster.membership=meta"] : ["--cluster.membership=adonet", "--cluster.orleans.create-tables=true"];
        // Nodes that show each other certificates need no secret.
        string[] secret = serverOptions.Any(o => o.Contains("cluster.tls", StringComparison.Ordinal)) ? [] : [$"--cluster.secret-file={ClusterSecret.Ensure(_folder)}"];
        // Clusters share a database; the name keeps them apart.
        _serverOptions = [.. membership, .. secret, $"--cluster.orleans.cluster-id={_name}", $"--cluster.orleans.service-id={_name}", .. serverOptions];
    }

    /// <summary>Its silos in PostgreSQL, where membership is kept there.</summary>
    public SiloRows Silos => new(_connectionString!, _name);

    /// <summary>The network between the nodes.</summary>
    public Links Links { get; } = new();

    public IReadOnlyList<LocalNode> Nodes { get; private set; } = [];

    /// <summary>Nodes that came later; ended with the others.</summary>
    public List<LocalNode> Later { get; } = [];

    public string AdminKey { get; private set; } = "";

    public string User => AdminKey.Split(':')[0];

    public string Password => AdminKey.Split(':')[1];

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Starts a cluster that keeps its membership itself, and waits until it serves. <c>{id}</c> in an option stands for the node's id.</summary>
    public static Task<LocalCluster> StartAsync(int nodes, params string[] serverOptions) => StartAsync((string?)null, nodes, serverOptions);

    /// <summary>The same with that membership; skips the test where it cannot be had.</summary>
    public static async Task<LocalCluster> StartAsync(Machine machine, Membership membership, int nodes, params string[] serverOptions) =>
        await StartAsync(membership == Membership.AdoNet ? await machine.PostgresAsync() : null, nodes, serverOptions);

    private static async Task<LocalCluster> StartAsync(string? connectionString, int nodes, string[] serverOptions)
    {
        var cluster = new LocalCluster(connectionString, serverOptions);
        cluster.Nodes = [.. Enumerable.Range(1, nodes).Select(cluster.NewNode)];
        try
        {
            await cluster.StartAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    private async Task StartAsync()
    {
        foreach (var node in Nodes) Start(node);
        await WaitUntilReadyAsync();
        for (var i = 0; i < 200 && AdminKey.Length == 0; i++)
        {
            var file = Path.Combine(Nodes[0].Data, "admin.key");
            if (File.Exists(file)) AdminKey = (await File.ReadAllTextAsync(file)).Trim();
            await Task.Delay(50);
        }
        await WaitUntilAsync("the admin key works everywhere", async () =>
        {
            foreach (var node in Nodes)
            {
                using var answer = await SendAsync(node, HttpMethod.Get, "/cluster/status");
                if (answer.StatusCode != HttpStatusCode.OK) return false;
            }
            return true;
        });
    }

    /// <summary>A node that the cluster does not have yet, with ports and a directory of its own.</summary>
    public LocalNode NewNode(int number) => NewNode(number, $"tmnd-e2e{number}");

    /// <summary>The same with an id that another may have.</summary>
    public LocalNode NewNode(int number, string id)
    {
        var peer = FreePort.Next();
        return new LocalNode
        {
            Id = id,
            Http = $"127.0.0.1:{FreePort.Next()}",
            Redis = $"127.0.0.1:{FreePort.Next()}",
            Peer = $"127.0.0.1:{peer}",
            Gateway = $"127.0.0.1:{FreePort.Next()}",
            Data = Path.Combine(_folder, $"{number}"),
            Proxy = new LinkProxy(id, peer, Links, WhoDialled),
        };
    }

    /// <summary>Starts a node's process, with these variables more in its environment.</summary>
    public void Start(LocalNode node, params (string Name, string Value)[] environment)
    {
        Directory.CreateDirectory(node.Data);
        var info = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var argument in (string[])
        [
            "-c", "exec dotnet \"$@\" >>\"$0\" 2>&1 </dev/null", node.Log, Built.Server, $"--storage.dir={node.Data}",
            $"--cluster.node-id={node.Id}", $"--server.http.address={node.Http}", $"--server.redis.address={node.Redis}",
            $"--cluster.listen-address={node.Peer}", $"--cluster.advertise-address={node.Proxy.Address}", $"--cluster.orleans.gateway-address={node.Gateway}",
            $"--cluster.discovery.seeds={string.Join(',', Nodes.Select(n => n.Proxy.Address))}", $"--cluster.bootstrap.expect-nodes={Nodes.Count}", .. _serverOptions.Select(o => o.Replace("{id}", node.Id, StringComparison.Ordinal)),
        ]) info.ArgumentList.Add(argument);
        // What steers the tests is no setting of the server.
        foreach (var name in info.Environment.Keys.Where(k => k.StartsWith("TOKMESH_", StringComparison.Ordinal)).ToArray()) info.Environment.Remove(name);
        if (_connectionString is not null) info.Environment[Machine.ConnectionStringVariable] = _connectionString;
        foreach (var (name, value) in environment) info.Environment[name] = value;
        node.LogBefore = File.Exists(node.Log) ? new FileInfo(node.Log).Length : 0;
        node.Process = Process.Start(info);
    }

    /// <summary><c>kill -9</c></summary>
    public static async Task KillAsync(LocalNode node)
    {
        node.Process!.Kill();
        await node.Process.WaitForExitAsync();
    }

    /// <summary>Asks it to end in order, as an operator does.</summary>
    public static async Task StopAsync(LocalNode node)
    {
        Assert.Equal(0, Kill(node.Process!.Id, SigTerm));
        await EndedAsync(node);
        Assert.True(node.Process.ExitCode == 0, $"{node.Id} ended with {node.Process.ExitCode}: {Said(node)}");
    }

    /// <summary>Waits until it ends by itself.</summary>
    public static async Task EndedAsync(LocalNode node)
    {
        try
        {
            await node.Process!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{node.Id} had not ended after 60 s: {LastLines(node)}");
        }
    }

    /// <summary>What it has logged since its last start.</summary>
    public static string Said(LocalNode node)
    {
        using var log = new FileStream(node.Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Position = node.LogBefore;
        return new StreamReader(log).ReadToEnd();
    }

    public static bool SaidToStartAgain(LocalNode node) => Said(node).Contains("The silo must be started again.", StringComparison.Ordinal);

    private static string LastLines(LocalNode node) => string.Join('\n', File.ReadLines(node.Log).TakeLast(5));

    // One whose silo was just declared dead may be ending by itself.
    public static void Pause(LocalNode node) => Assert.True(Kill(node.Process!.Id, SigStop) == 0 || node.Process.HasExited);

    public static void Resume(LocalNode node) => Assert.True(Kill(node.Process!.Id, SigCont) == 0 || node.Process.HasExited);

    /// <summary>
    /// Starts what ended because Orleans' membership held it for dead, as whoever looks after servers does: a silo that was out of reach for
    /// long is told to end and never takes that back. Whatever else ends a node is no business of this.
    /// </summary>
    public void Revive()
    {
        foreach (var node in Nodes)
        {
            if (node.Process is { HasExited: true } && SaidToStartAgain(node)) Start(node);
        }
    }

    public async Task WaitUntilReadyAsync() => await WaitUntilAsync("every node is ready", async () =>
    {
        foreach (var node in Nodes)
        {
            if (node.Process!.HasExited) throw new InvalidOperationException($"{node.Id} ended: {LastLines(node)}");
            using var answer = await Client.GetAsync(new Uri($"http://{node.Http}/ready"));
            if (answer.StatusCode != HttpStatusCode.OK) return false;
        }
        return true;
    });

    /// <summary>A node serves before its silo is in the membership; what is not there yet, nobody misses.</summary>
    public Task WaitUntilActiveAsync() => WaitUntilAsync("every silo is active", async () => await ActiveSilosAsync(Client, Nodes[0].Http, AdminKey) == Nodes.Count);

    /// <summary>How many silos Orleans' dashboard on a node counts as active; 0 while it does not answer.</summary>
    public static async Task<int> ActiveSilosAsync(HttpClient client, string http, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{http}/dashboard/DashboardCounters");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        using var answer = await client.SendAsync(request);
        if (answer.StatusCode != HttpStatusCode.OK) return 0;
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
        return json.RootElement.GetProperty("totalActiveHostCount").GetInt32();
    }

    /// <summary>Polls; a time-out names what was waited for.</summary>
    public async Task WaitUntilAsync(string what, Func<Task<bool>> holds)
    {
        for (var until = DateTime.UtcNow.AddSeconds(60); DateTime.UtcNow < until; await Task.Delay(100))
        {
            Revive();
            try
            {
                if (await holds()) return;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // Not there yet.
            }
        }
        throw new TimeoutException($"After 60 s it does not hold that {what}.\n" + string.Join('\n', Nodes.Select(n => $"{n.Id}: {LastLines(n)}")));
    }

    public async Task<HttpResponseMessage> SendAsync(LocalNode node, HttpMethod method, string path, object? body = null, string? key = null)
    {
        using var request = new HttpRequestMessage(method, $"http://{node.Http}{path}");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key ?? AdminKey}");
        if (body is not null) request.Content = JsonContent.Create(body);
        return await Client.SendAsync(request);
    }

    /// <summary>What a node says is wrong with the cluster: <c>CODE/node number</c> (0 for nobody) and how many groups.</summary>
    public async Task<IReadOnlyDictionary<string, int>> ConditionsAsync(LocalNode node)
    {
        using var answer = await SendAsync(node, HttpMethod.Get, "/cluster/status");
        answer.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
        return json.RootElement.GetProperty("data").GetProperty("conditions").EnumerateArray().ToDictionary(
            c => $"{c.GetProperty("code").GetString()}/{(c.GetProperty("node") is { ValueKind: JsonValueKind.Object } about ? about.GetProperty("number").GetInt32() : 0)}",
            c => c.GetProperty("groups").GetInt32());
    }

    public async Task<(string Id, string Token)> CreateSessionAsync(LocalNode node, string user)
    {
        using var answer = await SendAsync(node, HttpMethod.Post, "/sessions", new { user_id = user, ttl_seconds = 3600 });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
        var data = json.RootElement.GetProperty("data");
        return (data.GetProperty("session_id").GetString()!, data.GetProperty("token").GetString()!);
    }

    public async Task<HttpStatusCode> ValidateAsync(LocalNode node, string token, string? key = null)
    {
        using var answer = await SendAsync(node, HttpMethod.Post, "/tokens/validate", new { token }, key);
        return answer.StatusCode;
    }

    /// <summary>All replicas of all shards hold the same, at the same position.</summary>
    public Task WaitUntilDigestsAgreeAsync() => WaitUntilAsync("all replicas have equal digests", async () =>
    {
        var seen = new Dictionary<int, string>();
        foreach (var node in Nodes)
        {
            using var answer = await SendAsync(node, HttpMethod.Get, "/cluster/shards?digest=true");
            answer.EnsureSuccessStatusCode();
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
            foreach (var replica in json.RootElement.GetProperty("data").GetProperty("replicas").EnumerateArray())
            {
                var state = $"{replica.GetProperty("applied_index")} {replica.GetProperty("digest")}";
                if (!seen.TryAdd(replica.GetProperty("group").GetInt32(), state) && seen[replica.GetProperty("group").GetInt32()] != state) return false;
            }
        }
        return seen.Count > 200;
    });

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes.Concat(Later))
        {
            if (node.Process is { HasExited: false } process) await KillAsync(node);
            node.Process?.Dispose();
            node.Proxy.Dispose();
        }
        Client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string? WhoDialled(int localPort, int remotePort)
    {
        var running = Nodes.Concat(Later).Where(n => n.Process is { HasExited: false }).ToDictionary(n => n.Process!.Id, n => n.Id);
        return SocketOwner.Find(localPort, remotePort, running.Keys) is { } process ? running[process] : null;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
