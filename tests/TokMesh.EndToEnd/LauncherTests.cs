using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace TokMesh.EndToEnd;

/// <summary><c>./tokmesh up</c> and <c>down</c>, as a user types them.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class LauncherTests
{
    [Fact]
    public async Task Up_leaves_a_cluster_json_that_scripts_can_rely_on_and_down_ends_what_it_names()
    {
        await using var launched = new LaunchedCluster();
        var up = await launched.UpOnFreePortsAsync(3);
        Assert.True(up.Code == 0, up.All);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(launched.File));
        Assert.Equal(["admin_key", "nodes"], launched.Json().EnumerateObject().Select(p => p.Name));
        Assert.StartsWith("tmak-", launched.AdminKey, StringComparison.Ordinal);
        Assert.Equal(3, launched.Nodes.Count);
        for (var n = 0; n < 3; n++)
        {
            var node = launched.Nodes[n];
            Assert.Equal(["id", "pid", "http", "redis", "peer", "data"], node.EnumerateObject().Select(p => p.Name));
            Assert.Equal($"127.0.0.1:{5080 + launched.Offset + 10 * n}", node.GetProperty("http").GetString());
            Assert.Equal($"127.0.0.1:{6379 + launched.Offset + 10 * n}", node.GetProperty("redis").GetString());
            Assert.Equal($"127.0.0.1:{5343 + launched.Offset + 10 * n}", node.GetProperty("peer").GetString());
            Assert.True(Directory.Exists(node.GetProperty("data").GetString()));
            Assert.Equal("OK", await launched.CallAsync(n, "SET", $"k{n}", "v"));
        }
        Assert.Contains(launched.AdminKey, up.Output, StringComparison.Ordinal);
        for (var n = 0; n < 3; n++) Assert.Contains($"127.0.0.1:{5344 + launched.Offset + 10 * n}", up.Output, StringComparison.Ordinal);
        Assert.Contains($"http://127.0.0.1:{5080 + launched.Offset}/dashboard", up.Output, StringComparison.Ordinal);
        Assert.Contains($"http://127.0.0.1:{5080 + launched.Offset}/docs", up.Output, StringComparison.Ordinal);

        var pids = launched.Pids;
        Assert.All(pids, pid => Assert.True(LaunchedCluster.IsAlive(pid)));
        var down = await launched.DownAsync();
        Assert.True(down.Code == 0, down.All);
        Assert.All(pids, pid => Assert.False(LaunchedCluster.IsAlive(pid), $"{pid} is still there: {down.All}"));
        Assert.Contains("No node is running.", (await launched.DownAsync()).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Up_again_starts_only_what_is_missing_and_the_data_continues()
    {
        await using var launched = new LaunchedCluster();
        await launched.UpOnFreePortsAsync(3);
        await launched.CallAsync(0, "SET", "before", "kept");
        var (key, before) = (launched.AdminKey, launched.Pids);
        using (var victim = Process.GetProcessById(before[1])) victim.Kill();

        var again = await launched.UpAsync();
        Assert.True(again.Code == 0, again.All);
        Assert.Contains("Starting 1 of 3 nodes", again.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(key, again.Output, StringComparison.Ordinal);
        Assert.Equal((key, before[0], before[2]), (launched.AdminKey, launched.Pids[0], launched.Pids[2]));
        Assert.NotEqual(before[1], launched.Pids[1]);
        Assert.Equal("kept", await launched.CallAsync(1, "GET", "before"));

        var moved = await launched.UpAsync("--port-offset", $"{launched.Offset + 1}");
        Assert.Equal(1, moved.Code);
        Assert.Contains("has its ports already", moved.Error, StringComparison.Ordinal);
        var more = await launched.UpAsync("--nodes", "5");
        Assert.Equal(1, more.Code);
        Assert.Contains("has 3 nodes, not 5", more.Error, StringComparison.Ordinal);
        Assert.All(launched.Pids, pid => Assert.True(LaunchedCluster.IsAlive(pid)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task A_cluster_of_another_size_serves_too(int nodes)
    {
        await using var launched = new LaunchedCluster();
        var up = await launched.UpOnFreePortsAsync(nodes);
        Assert.True(up.Code == 0, up.All);
        for (var n = 0; n < nodes; n++)
        {
            for (var i = 0; i < 10; i++) Assert.Equal("OK", await launched.CallAsync(n, "SET", $"{n}:{i}", $"{i}"));
            for (var i = 0; i < 10; i++) Assert.Equal($"{i}", await launched.CallAsync((n + 1) % nodes, "GET", $"{n}:{i}"));
        }
        var log = await File.ReadAllTextAsync(Path.Combine(launched.Data, "node1", "server.log"));
        Assert.Equal(nodes % 2 == 0, log.Contains("an even number of nodes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(6379)]
    [InlineData(5344)]
    public async Task A_taken_port_is_named_and_nothing_is_started(int frontEnd)
    {
        await using var launched = new LaunchedCluster();
        using var other = new TcpListener(IPAddress.Loopback, frontEnd + launched.Offset + 10);
        other.Start();
        var up = await launched.UpOnFreePortsAsync(3);
        Assert.Equal(1, up.Code);
        Assert.Contains($"127.0.0.1:{frontEnd + launched.Offset + 10}", up.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(launched.File));
    }

    [Theory]
    [InlineData("-INT")]
    [InlineData("-TERM")]
    public async Task In_the_foreground_a_signal_ends_the_nodes_one_after_another(string signal)
    {
        await using var launched = new LaunchedCluster();
        using var up = launched.StartInForeground();
        var said = new List<string>();
        while (said.Count == 0 || !said[^1].Contains("Ctrl-C stops it.", StringComparison.Ordinal))
            said.Add(await up.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(90)) ?? throw new InvalidOperationException(string.Join('\n', said) + await up.StandardError.ReadToEndAsync()));
        var pids = launched.Pids;
        await Tool.RunAsync("kill", [signal, $"{up.Id}"]);
        var ended = await Tool.EndAsync(up, "./tokmesh up");
        Assert.True(ended.Code == 0, ended.All);
        Assert.Equal(["tmnd-node1 stopped.", "tmnd-node2 stopped.", "tmnd-node3 stopped."], ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(pids, pid => Assert.False(LaunchedCluster.IsAlive(pid)));
    }

    [Fact]
    public async Task Options_the_servers_refuse_are_shown_and_leave_nothing_behind_that_binds_the_next_attempt()
    {
        await using var launched = new LaunchedCluster();
        var up = await launched.UpAsync("--port-offset", $"{launched.Offset}", "--", "--no.such.key=1");
        Assert.Equal(1, up.Code);
        Assert.Contains("no.such.key", up.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(launched.File));
    }

    [SkippableFact]
    public async Task A_cluster_keeps_its_data_when_its_membership_moves_to_PostgreSQL_and_back_which_it_does_only_while_it_is_down()
    {
        Machine.RequirePostgres();
        await using var launched = new LaunchedCluster();
        // As root, PostgreSQL runs as another user, who must be able to pass.
        File.SetUnixFileMode(launched.Data, File.GetUnixFileMode(launched.Data) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        var up = await launched.UpAsync("--port-offset", $"{launched.Offset}", "--postgres", "auto");
        Assert.True(up.Code == 0, up.All);
        Assert.Equal("auto", launched.Json().GetProperty("postgres").GetString());
        Assert.Equal("OK", await launched.CallAsync(0, "SET", "kept", "v"));

        var running = await launched.UpAsync("--postgres", "none");
        Assert.Equal(1, running.Code);
        Assert.Contains("membership kept in a PostgreSQL of its own", running.Error, StringComparison.Ordinal);
        Assert.Contains("./tokmesh down\" first", running.Error, StringComparison.Ordinal);
        Assert.Contains("PostgreSQL stopped.", (await launched.DownAsync()).Output, StringComparison.Ordinal);
        var without = await launched.UpAsync("--postgres", "none");
        Assert.True(without.Code == 0, without.All);
        Assert.Contains("its data stays as it is", without.Output, StringComparison.Ordinal);
        Assert.False(launched.Json().TryGetProperty("postgres", out _));
        Assert.Equal("v", await launched.CallAsync(1, "GET", "kept"));
        await launched.DownAsync();
        var back = await launched.UpAsync("--postgres", "auto");
        Assert.True(back.Code == 0, back.All);
        Assert.Equal("v", await launched.CallAsync(2, "GET", "kept"));
    }

    /// <summary>It had an engine, of which there is one now.</summary>
    [Fact]
    public async Task A_cluster_json_of_an_earlier_version_is_understood()
    {
        await using var launched = new LaunchedCluster();
        Assert.Equal(0, (await launched.UpOnFreePortsAsync(1)).Code);
        Assert.Equal("OK", await launched.CallAsync(0, "SET", "kept", "v"));
        Assert.Equal(0, (await launched.DownAsync()).Code);
        var text = await File.ReadAllTextAsync(launched.File);
        await File.WriteAllTextAsync(launched.File, text.Replace("\"nodes\":", "\"engine\": \"peer\",\n  \"nodes\":", StringComparison.Ordinal));
        Assert.Equal("peer", launched.Json().GetProperty("engine").GetString());
        var up = await launched.UpAsync();
        Assert.True(up.Code == 0, up.All);
        Assert.Equal("v", await launched.CallAsync(0, "GET", "kept"));
        Assert.False(launched.Json().TryGetProperty("engine", out _));
    }

    [Fact]
    public async Task The_secret_is_made_once_and_no_node_joins_those_that_run_with_another()
    {
        await using var launched = new LaunchedCluster();
        Assert.Equal(0, (await launched.UpOnFreePortsAsync(2)).Code);
        var file = Path.Combine(launched.Data, "cluster.secret");
        var secret = await File.ReadAllTextAsync(file);
        Assert.Matches("^[0-9a-f]{64}\n$", secret);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        using (var victim = Process.GetProcessById(launched.Pids[1])) victim.Kill();

        File.Move(file, file + ".aside");
        var refused = await launched.UpAsync();
        Assert.Equal(1, refused.Code);
        Assert.Contains("cluster.secret is not there", refused.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
        File.Move(file + ".aside", file);
        var again = await launched.UpAsync();
        Assert.True(again.Code == 0, again.All);
        Assert.Equal(secret, await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task A_damaged_cluster_json_does_not_keep_down_from_ending_the_nodes()
    {
        await using var launched = new LaunchedCluster();
        await using var other = new LaunchedCluster();
        Assert.Equal(0, (await launched.UpOnFreePortsAsync(2)).Code);
        Assert.Equal(0, (await other.UpOnFreePortsAsync(1)).Code);
        var pids = launched.Pids;
        foreach (var damage in new[] { "{ \"admin_key\": \"tm", "" })
        {
            await File.WriteAllTextAsync(launched.File, damage);
            var down = await launched.DownAsync();
            Assert.True(down.Code == (damage.Length > 0 ? 0 : 1), down.All);
            Assert.Contains("cannot be read", down.Error, StringComparison.Ordinal);
            // The second time there is nobody left.
            if (damage.Length > 0) Assert.Contains($"tmnd-node1 (pid {pids[0]}), tmnd-node2 (pid {pids[1]})", down.Output, StringComparison.Ordinal);
        }
        Assert.All(pids, pid => Assert.False(LaunchedCluster.IsAlive(pid)));
        Assert.True(LaunchedCluster.IsAlive(other.Pids[0]));
        File.Delete(launched.File);
    }

    [Fact]
    public async Task A_path_with_blanks_is_quoted_where_it_is_to_be_copied()
    {
        await using var launched = new LaunchedCluster(" it's here");
        var up = await launched.UpOnFreePortsAsync(1);
        Assert.True(up.Code == 0, up.All);
        var stop = up.Output.Split('\n').Single(l => l.Contains("Stop it:", StringComparison.Ordinal)).Split("Stop it: ./tokmesh ")[1];
        // As a shell takes it.
        var down = await Tool.RunAsync("/bin/sh", ["-c", $"exec dotnet '{Built.Launcher}' {stop}"], ("TOKMESH_SERVER_DLL", Built.Server));
        Assert.True(down.Code == 0, down.All);
        Assert.Contains("tmnd-node1 stopped.", down.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"frobnicate\" is not a command.", "frobnicate")]
    [InlineData("--nodes is \"10\"; allowed is 1 to 9.", "up", "--nodes", "10")]
    [InlineData("--nodes is \"x\"; allowed is 1 to 9.", "up", "--nodes=x")]
    [InlineData("\"dwon\" is not a command. Did you mean down?", "dwon")]
    [InlineData("\"--node\" is not an option of up. Did you mean --nodes?", "up", "--node", "3")]
    [InlineData("\"--dta\" is not an option of down. Did you mean --data?", "down", "--dta", "x")]
    [InlineData("--data needs a value.", "up", "--data")]
    [InlineData("\"--frob\" is not an option of up.", "up", "--frob")]
    [InlineData("Options of the servers come after a --.", "up", "--telemetry.logging.level=debug")]
    [InlineData("\"--nodes\" is not an option of down.", "down", "--nodes", "3")]
    [InlineData("\"--engine\" is not an option of up.", "up", "--engine", "orleans")]
    [InlineData("--postgres is neither auto nor none nor a connection string", "up", "--postgres", "localhost")]
    public async Task What_was_typed_wrong_is_said_with_what_is_near_it_and_where_the_help_is(string message, params string[] arguments)
    {
        var ended = await LaunchedCluster.RunAsync(arguments);
        Assert.Equal(64, ended.Code);
        Assert.Contains(message, ended.Error, StringComparison.Ordinal);
        Assert.Contains("\"./tokmesh --help\" lists the commands and their options.", ended.Error, StringComparison.Ordinal);
        Assert.Equal(2, ended.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }
}
