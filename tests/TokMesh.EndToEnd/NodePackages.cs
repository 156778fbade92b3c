namespace TokMesh.EndToEnd;

/// <summary>The JavaScript clients, from npm, in a folder that is gone afterwards. Offline there are none, and their tests skip.</summary>
public sealed class NodePackages : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-npm-").FullName;
    private string? _missing;

    public async Task InitializeAsync()
    {
        _missing = Tool.Find("node") is null ? "node is not installed." : Tool.Find("npm") is null ? "npm is not installed." : null;
        if (_missing is not null) return;
        try
        {
            var installed = await Tool.RunAsync("npm", ["install", "--no-audit", "--no-fund", "--fetch-retries=1", "--prefix", _folder, "ioredis@5", "redis@4"]);
            if (installed.Code != 0) _missing = $"npm cannot install ioredis and redis: {installed.Error.Split('\n').LastOrDefault(l => l.Contains("ERR", StringComparison.OrdinalIgnoreCase))}";
        }
        catch (TimeoutException e)
        {
            _missing = e.Message;
        }
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>Starts a script of this project with the packages in its reach, or skips the test.</summary>
    internal System.Diagnostics.Process Start(string script, params string[] arguments)
    {
        Skip.If(_missing is not null, _missing);
        return Tool.Start("node", [Path.Combine(AppContext.BaseDirectory, "Clients", script), .. arguments], ("NODE_PATH", Path.Combine(_folder, "node_modules")));
    }
}
