using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace TokMesh.Launcher;

/// <summary>The launcher failed; the message says what to do.</summary>
internal sealed class LaunchException(string message) : Exception(message);

/// <summary><c>up</c> and <c>down</c>.</summary>
internal sealed class Up(Options options, string server)
{
    private const int ReadySeconds = 60;

    public async Task<int> RunAsync()
    {
        Directory.CreateDirectory(options.Data);
        var known = ClusterFile.Load(options.Data);
        if (known is not null && options.Nodes is { } wanted && wanted != known.Nodes.Count)
            throw new LaunchException($"The cluster in {options.Data} has {known.Nodes.Count} nodes, not {wanted}. Leave --nodes out, or use another --data.");
        if (known is not null && options.PortOffset is { } shift && known.Nodes[0].Http != NewNode(0).Http)
            throw new LaunchException($"The cluster in {options.Data} has its ports already ({known.Nodes[0].Http}, …), and not with --port-offset {shift}. Leave --port-offset out, or use another --data.");
        var nodes = known?.Nodes ?? [.. Enumerable.Range(0, options.Nodes ?? 3).Select(NewNode)];
        var missing = nodes.Where(n => !NodeProcess.IsRunning(n)).ToArray();
        foreach (var address in missing.SelectMany(n => new[] { n.Http, n.Redis, n.Peer }))
            if (NodeProcess.IsTaken(address)) throw new LaunchException($"Something already listens on {address}. Stop it{(known is null ? ", or add --port-offset" : ": the cluster in " + options.Data + " cannot move to other ports")}.");

        var clock = Stopwatch.StartNew();
        var seeds = string.Join(',', nodes.Select(n => n.Peer));
        nodes = [.. nodes.Select(n => missing.Contains(n) ? n with { Pid = NodeProcess.Start(server, n, seeds, nodes.Count, options.ServerOptions) } : n)];
        // Written before they serve: whatever happens next, "down" finds them.
        new ClusterFile(known?.AdminKey ?? "", nodes).Save(options.Data);
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            var ready = WaitUntilReadyAsync(nodes, missing.Length, clock);
            if (await Task.WhenAny(ready, stop.Task) == ready)
            {
                await ready;
                var cluster = new ClusterFile(await FindAdminKeyAsync(known, nodes), nodes);
                cluster.Save(options.Data);
                if (options.Json) Console.WriteLine(System.Text.Encoding.UTF8.GetString(cluster.ToJson()));
                else Announce(cluster, clock.Elapsed, isNew: known is null);
                if (options.Detach) return 0;
                await WatchAsync(nodes, stop.Task);
            }
        }
        catch (LaunchException)
        {
            // Those that ran before are left as they were.
            await StopAllAsync([.. nodes.Where(n => missing.Any(m => m.Id == n.Id))]);
            // A cluster that never began binds nobody to its number of nodes and its ports.
            if (known is null && !nodes.Any(n => File.Exists(Path.Combine(n.Data, "genesis.json")))) File.Delete(Path.Combine(options.Data, ClusterFile.Name));
            throw;
        }
        await StopAllAsync(nodes);
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }
    }

    public async Task<int> DownAsync()
    {
        var cluster = ClusterFile.Load(options.Data) ?? throw new LaunchException($"There is no {ClusterFile.Name} in {options.Data}: no cluster was started there.");
        var running = cluster.Nodes.Where(NodeProcess.IsRunning).ToArray();
        if (running.Length == 0) Console.WriteLine("No node is running.");
        await StopAllAsync(running);
        return 0;
    }

    private RunningNode NewNode(int index)
    {
        var shift = 10 * index + (options.PortOffset ?? 0);
        return new RunningNode($"tmnd-node{index + 1}", 0, $"127.0.0.1:{5080 + shift}", $"127.0.0.1:{6379 + shift}", $"127.0.0.1:{5343 + shift}",
            Path.Combine(options.Data, $"node{index + 1}"));
    }

    private async Task WaitUntilReadyAsync(IReadOnlyList<RunningNode> nodes, int started, Stopwatch clock)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        var waiting = nodes.ToList();
        var said = 0;
        if (!options.Json) Console.WriteLine(started == 0 ? "All nodes are running." : $"Starting {started} of {nodes.Count} nodes…");
        while (waiting.Count > 0)
        {
            foreach (var node in waiting.ToArray())
            {
                if (!NodeProcess.IsRunning(node)) throw new LaunchException($"{node.Id} ended while starting. The end of {Path.Combine(node.Data, "server.log")}:\n{LastLines(node)}");
                if (await IsReadyAsync(http, node)) waiting.Remove(node);
            }
            if (waiting.Count == 0) return;
            if (clock.Elapsed.TotalSeconds > ReadySeconds)
                throw new LaunchException($"After {ReadySeconds} s not ready: {string.Join(", ", waiting.Select(n => n.Id))}. Look into server.log in {options.Data}/node*.");
            if (!options.Json && clock.Elapsed.TotalSeconds > 1.5 + said)
            {
                said = (int)clock.Elapsed.TotalSeconds;
                Console.WriteLine($"  {said} s: waiting for {string.Join(", ", waiting.Select(n => n.Id))}");
            }
            await Task.Delay(50);
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, RunningNode node)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://{node.Http}/ready"));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    // The node that founded the cluster wrote it; that happens just after it became ready.
    private static async Task<string> FindAdminKeyAsync(ClusterFile? known, IReadOnlyList<RunningNode> nodes)
    {
        if (known is { AdminKey.Length: > 0 }) return known.AdminKey;
        for (var i = 0; i < 200; i++)
        {
            foreach (var node in nodes)
            {
                var path = Path.Combine(node.Data, "admin.key");
                if (File.Exists(path)) return (await File.ReadAllTextAsync(path)).Trim();
            }
            await Task.Delay(50);
        }
        throw new LaunchException("No admin key was made within 10 s. Look into server.log of the first node.");
    }

    private void Announce(ClusterFile cluster, TimeSpan took, bool isNew)
    {
        var first = cluster.Nodes[0];
        var (host, port) = Split(first.Redis);
        Console.WriteLine($"""

            TokMesh serves after {took.TotalSeconds:F1} s.  Data: {options.Data}

              node            HTTP                     Redis
            """);
        foreach (var node in cluster.Nodes) Console.WriteLine($"  {node.Id,-15} http://{node.Http,-17} {node.Redis}");
        Console.WriteLine();
        if (isNew) Console.WriteLine($"  Admin key (kept in {Path.Combine(options.Data, ClusterFile.Name)}, shown once):\n    {cluster.AdminKey}\n");
        else Console.WriteLine($"  The admin key is in {Path.Combine(options.Data, ClusterFile.Name)}.\n");
        var key = isNew ? cluster.AdminKey : "$KEY";
        var colon = key.IndexOf(':');
        var (id, secret) = colon < 0 ? ("${KEY%%:*}", "${KEY#*:}") : (key[..colon], key[(colon + 1)..]);
        if (!isNew) Console.WriteLine($"  KEY=$(sed -n 's/.*\"admin_key\": \"\\(.*\\)\".*/\\1/p' {Path.Combine(options.Data, ClusterFile.Name)})\n");
        Console.WriteLine($$$"""
              Try:
                # create a session on one node
                curl -s -H 'Authorization: Bearer {{{key}}}' -d '{"user_id":"alice","ttl_seconds":3600}' http://{{{first.Http}}}/sessions
                # see it on another
                curl -s -H 'Authorization: Bearer {{{key}}}' 'http://{{{cluster.Nodes[^1].Http}}}/sessions?user_id=alice'
                # a key over the Redis protocol
                redis-cli -h {{{host}}} -p {{{port}}} --user {{{id}}} --pass {{{secret}}} --no-auth-warning SET greeting hello
            """.Replace(isNew ? "\0" : "'Authorization: Bearer $KEY'", isNew ? "\0" : "\"Authorization: Bearer $KEY\"", StringComparison.Ordinal));
        Console.WriteLine();
        Console.WriteLine(options.Detach ? $"  Stop it: ./tokmesh down --data {options.Data}" : "  Ctrl-C stops it.");
    }

    private static (string Host, string Port) Split(string address) => (address[..address.LastIndexOf(':')], address[(address.LastIndexOf(':') + 1)..]);

    private static async Task WatchAsync(IReadOnlyList<RunningNode> nodes, Task stop)
    {
        var down = new HashSet<string>();
        while (!stop.IsCompleted)
        {
            foreach (var node in nodes)
                if (!NodeProcess.IsRunning(node) && down.Add(node.Id)) Console.WriteLine($"{node.Id} has ended; see {Path.Combine(node.Data, "server.log")}. Another \"./tokmesh up\" starts it again.");
            await Task.WhenAny(stop, Task.Delay(500));
        }
        Console.WriteLine();
    }

    // One after another, so that leadership moves in an orderly way while the others still serve.
    private async Task StopAllAsync(IReadOnlyList<RunningNode> nodes)
    {
        foreach (var node in nodes)
        {
            var clean = await NodeProcess.StopAsync(node, TimeSpan.FromSeconds(15));
            if (!options.Json) Console.WriteLine(clean ? $"{node.Id} stopped." : $"{node.Id} did not stop within 15 s and was killed.");
        }
    }

    private static string LastLines(RunningNode node)
    {
        var log = Path.Combine(node.Data, "server.log");
        return File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(12)) : "(empty)";
    }
}
