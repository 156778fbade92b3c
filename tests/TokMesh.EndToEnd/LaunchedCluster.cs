using System.Text.Json;
using TokMesh.Launcher;

namespace TokMesh.EndToEnd;

/// <summary>A data directory and free ports for the launcher, used as a user would; whatever it started is ended at the end.</summary>
internal sealed class LaunchedCluster(string nameEnd = "") : IAsyncDisposable
{
    public string Data { get; } = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"tokmesh-up-{Guid.NewGuid():N}{nameEnd}")).FullName;

    public int Offset { get; } = FreeOffset();

    public string File => Path.Combine(Data, "cluster.json");

    public Task<ToolResult> UpAsync(params string[] more) => RunAsync(["up", "--detach", "--data", Data, .. more]);

    public Task<ToolResult> UpOnFreePortsAsync(int nodes) => UpAsync("--nodes", $"{nodes}", "--port-offset", $"{Offset}");

    public Task<ToolResult> DownAsync() => RunAsync(["down", "--data", Data]);

    public static Task<ToolResult> RunAsync(string[] arguments) =>
        Tool.RunAsync("dotnet", [Built.Launcher, .. arguments], ("TOKMESH_SERVER_DLL", Built.Server));

    // Tests that run in the background of a shell inherit an interrupt that is ignored; a terminal's does not.
    public System.Diagnostics.Process StartInForeground() =>
        Tool.Start("env", ["--default-signal=INT", "dotnet", Built.Launcher, "up", "--data", Data, "--port-offset", $"{Offset}"], ("TOKMESH_SERVER_DLL", Built.Server));

    public JsonElement Json() => JsonDocument.Parse(System.IO.File.ReadAllBytes(File)).RootElement;

    public string AdminKey => Json().GetProperty("admin_key").GetString()!;

    public IReadOnlyList<JsonElement> Nodes => [.. Json().GetProperty("nodes").EnumerateArray()];

    public IReadOnlyList<int> Pids => [.. Nodes.Select(n => n.GetProperty("pid").GetInt32())];

    public static bool IsAlive(int pid) => Directory.Exists($"/proc/{pid}") && !System.IO.File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);

    public async Task<string?> CallAsync(int node, params string[] command)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var redis = await RespConnection.ConnectAsync(Nodes[node].GetProperty("redis").GetString()!, AdminKey, limit.Token);
        return await redis.CallAsync(limit.Token, command);
    }

    public async ValueTask DisposeAsync()
    {
        if (System.IO.File.Exists(File)) await DownAsync();
        Directory.Delete(Data, recursive: true);
    }

    // Below the ports that the system hands out for outgoing connections.
    private static int FreeOffset()
    {
        for (var i = 0; i < 200; i++)
        {
            var offset = Random.Shared.Next(3000, 25_000);
            if (((int[])[5080, 6379, 5343, 5344]).All(frontEnd => Enumerable.Range(0, 4).All(n => LoopbackPort.IsFree(frontEnd + offset + 10 * n)))) return offset;
        }
        throw new InvalidOperationException("No free ports were found.");
    }
}
