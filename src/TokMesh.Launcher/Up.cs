using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace TokMesh.Launcher;

/// <summary><c>up</c> and <c>down</c>.</summary>
internal sealed class Up(Options options, string server)
{
    private const int ReadySeconds = 60;
    private const int LookMs = 1_000;

    private readonly PrivatePostgres _postgres = new(Path.Combine(options.Data, "postgres"));

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
        var membership = MembershipChoice.Of(options, known);
        var before = known is null ? membership : MembershipChoice.Of(known);
        var changesMembership = membership != before;
        if (changesMembership && missing.Length < nodes.Count)
            throw new LaunchException($"The cluster in {options.Data} runs with its membership kept in {before}. The data is the same wherever that is, but all nodes need the same: \"./tokmesh down\" first.");
        if (missing.Length > 0 && missing.Length < nodes.Count && !ClusterSecret.IsThere(options.Data))
            throw new LaunchException($"Some nodes of the cluster in {options.Data} run, and its {ClusterSecret.Name} is not there: with a new one they would not let the others in. Put it back, or \"./tokmesh down\" first.");
        foreach (var address in missing.SelectMany(n => n.Addresses))
            if (NodeProcess.IsTaken(address)) throw new LaunchException($"Something already listens on {address}. Stop it{(known is null ? ", or add --port-offset" : ": the cluster in " + options.Data + " cannot move to other ports")}.");
        if (changesMembership && !options.Json) Console.WriteLine($"The cluster goes on with its membership kept in {membership} instead of {before}; its data stays as it is.");

        var clock = Stopwatch.StartNew();
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            var secretFile = ClusterSecret.Ensure(options.Data);
            // Written before anything runs, and again before it serves: whatever happens next, "down" finds it.
            var cluster = new ClusterFile(known?.AdminKey ?? "", membership.Postgres, nodes);
            cluster.Save(options.Data);
            if (changesMembership) await StopPostgresAsync(before);
            var connectionString = membership.HasOwnPostgres ? await _postgres.StartAsync(CancellationToken.None) : membership.Postgres;
            var seeds = string.Join(',', nodes.Select(n => n.Peer));
            nodes = [.. nodes.Select(n => missing.Contains(n)
                ? n with { Pid = NodeProcess.Start(server, n, seeds, nodes.Count, secretFile, connectionString, [.. membership.Arguments(), .. options.ServerOptions]) } : n)];
            cluster = cluster with { Nodes = nodes };
            cluster.Save(options.Data);
            var ready = WaitUntilReadyAsync(nodes, missing.Length, clock);
            if (await Task.WhenAny(ready, stop.Task) == ready)
            {
                await ready;
                cluster = cluster with { AdminKey = await FindAdminKeyAsync(known, nodes) };
                cluster.Save(options.Data);
                if (options.Json) Console.WriteLine(System.Text.Encoding.UTF8.GetString(cluster.ForPrinting().ToJson()));
                else new Announcement(options, cluster).Write(clock.Elapsed, isNew: known is null);
                if (options.Detach) return 0;
                await WatchAsync(nodes, cluster.AdminKey, stop.Task);
            }
        }
        catch (LaunchException)
        {
            // Those that ran before are left as they were.
            await StopAllAsync([.. nodes.Where(n => missing.Any(m => m.Id == n.Id) && NodeProcess.IsRunning(n))]);
            if (missing.Length == nodes.Count) await StopPostgresAsync(membership);
            // A cluster that never began binds nobody to its number of nodes, its ports and its membership; one that did, to what it had.
            if (known is null && !nodes.Any(n => File.Exists(Path.Combine(n.Data, "genesis.json")))) File.Delete(Path.Combine(options.Data, ClusterFile.Name));
            else if (changesMembership) known!.Save(options.Data);
            throw;
        }
        await StopAllAsync(nodes);
        await StopPostgresAsync(membership);
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }
    }

    public async Task<int> DownAsync()
    {
        ClusterFile? cluster;
        try
        {
            cluster = ClusterFile.Load(options.Data);
        }
        catch (DamagedFileException e)
        {
            return await DownWithoutFileAsync(e.Message);
        }
        if (cluster is null) return await DownWithoutFileAsync($"There is no {ClusterFile.Name} in {options.Data}: no cluster was started there.");
        var running = cluster.Nodes.Where(NodeProcess.IsRunning).ToArray();
        if (running.Length == 0) Console.WriteLine("No node is running.");
        await StopAllAsync(running);
        await StopPostgresAsync(MembershipChoice.Of(cluster));
        return 0;
    }

    // Without the file the nodes are found by their processes; what they were is not known, so nothing is written in its place.
    private async Task<int> DownWithoutFileAsync(string problem)
    {
        var running = FoundNodes.Below(options.Data);
        if (running.Count == 0 && !_postgres.IsRunning) throw new LaunchException(problem);
        await Console.Error.WriteLineAsync(problem);
        if (!options.Json) Console.WriteLine($"Found by their processes, which run on {options.Data}: {string.Join(", ", running.Select(n => $"{n.Id} (pid {n.Pid})"))}.");
        await StopAllAsync(running);
        if (_postgres.IsRunning)
        {
            await _postgres.StopAsync(immediately: false, CancellationToken.None);
            if (!options.Json) Console.WriteLine("PostgreSQL stopped.");
        }
        return 0;
    }

    // After the nodes: the last thing a silo does is to sign out there.
    private async Task StopPostgresAsync(MembershipChoice membership)
    {
        if (!membership.HasOwnPostgres || !_postgres.IsRunning) return;
        await _postgres.StopAsync(immediately: false, CancellationToken.None);
        if (!options.Json) Console.WriteLine("PostgreSQL stopped.");
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

    // The node that began the cluster wrote it; that happens just after it became ready.
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

    private async Task WatchAsync(IReadOnlyList<RunningNode> nodes, string adminKey, Task stop)
    {
        var down = new HashSet<string>();
        // What is printed with --json is for programs; they ask themselves.
        using var conditions = new ConditionWatch(adminKey, options.Json ? static _ => { } : Console.WriteLine);
        while (!stop.IsCompleted)
        {
            foreach (var node in nodes)
                if (!NodeProcess.IsRunning(node) && down.Add(node.Id)) Console.WriteLine($"{node.Id} has ended; see {Path.Combine(node.Data, "server.log")}. Another \"./tokmesh up\" starts it again.");
            if (!options.Json) await Task.WhenAny(stop, conditions.LookAsync(nodes.Where(NodeProcess.IsRunning).Select(n => n.Http)));
            await Task.WhenAny(stop, Task.Delay(LookMs));
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
