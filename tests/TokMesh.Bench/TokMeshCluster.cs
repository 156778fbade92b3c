using System.Diagnostics;
using System.Text.Json;
using TokMesh.Host;

namespace TokMesh.Bench;

/// <summary>A TokMesh cluster as <c>./tokmesh up</c> starts it.</summary>
internal sealed class TokMeshCluster : SystemUnderTest
{
    private readonly string _launcher;
    private readonly string _server;
    private readonly int _portOffset;
    private Task _up = Task.CompletedTask;

    private TokMeshCluster(string launcher, string server, int portOffset)
        : base("tokmesh") => (_launcher, _server, _portOffset) = (launcher, server, portOffset);

    public IReadOnlyList<(string Http, string Redis, int Pid)> Nodes { get; private set; } = [];

    public string AdminKey { get; private set; } = "";

    /// <param name="launcher">The launcher's assembly.</param>
    /// <param name="server">The server's assembly.</param>
    /// <param name="nodes">How many nodes.</param>
    /// <param name="engine"><c>peer</c> or <c>orleans</c>; the latter with a PostgreSQL of its own.</param>
    /// <param name="portOffset">How far its ports are from those of a cluster that somebody uses; another one for every cluster of one time.</param>
    public static async Task<TokMeshCluster> StartAsync(string launcher, string server, int nodes, string engine, int portOffset = 2000)
    {
        var cluster = new TokMeshCluster(launcher, server, portOffset);
        // PostgreSQL may run as another user, who must reach it.
        if (engine == "orleans" && !OperatingSystem.IsWindows()) File.SetUnixFileMode(cluster.Folder, File.GetUnixFileMode(cluster.Folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        cluster._up = cluster.UpAsync(["--nodes", $"{nodes}", "--engine", engine, .. engine == "orleans" ? (string[])["--postgres", "auto"] : []]);
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
        var info = new ProcessStartInfo("dotnet", [_launcher, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["TOKMESH_SERVER_DLL"] = _server;
        // This program's own choice, and a poor one for some servers: each makes its own.
        info.Environment.Remove(InlineSockets.Variable);
        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException(await errors);
    }
}
