using TokMesh.Launcher;

namespace TokMesh.EndToEnd;

/// <summary>How nodes reach each other.</summary>
public enum Engine
{
    /// <summary>The built-in one, always there.</summary>
    Peer,

    /// <summary>Orleans, with its membership in PostgreSQL.</summary>
    Orleans,
}

/// <summary>What the engines need and the machine may lack: their packages, and one PostgreSQL for all clusters, gone afterwards.</summary>
public sealed class Machine : IAsyncLifetime
{
    /// <summary>What the server reads the connection string from.</summary>
    internal const string ConnectionStringVariable = "TOKMESH_CLUSTER_ORLEANS_CONNECTION_STRING";

    private static readonly Lazy<Task<ToolResult>> _engines = new(() => Tool.RunAsync("dotnet", [Built.Server, "--engines"]));

    // Below the temporary directory itself: PostgreSQL may run as another user, who must reach it.
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "tokmesh-e2e-postgres-" + Guid.NewGuid().ToString("N"));

    public Machine() => Postgres = new PrivatePostgres(_directory);

    internal PrivatePostgres Postgres { get; }

    /// <summary>Whether the server was built with the Orleans engine.</summary>
    internal static async Task<bool> HasOrleansAsync() => (await _engines.Value).Output.Split('\n').Contains("orleans");

    /// <summary>Skips the test unless the server has the engine and the machine what it needs.</summary>
    internal static async Task RequireAsync(Engine engine)
    {
        if (engine == Engine.Peer) return;
        Skip.IfNot(await HasOrleansAsync(), "the server was built without the Orleans engine.");
        Skip.IfNot(PrivatePostgres.IsInstalled, "PostgreSQL's server programs are not installed.");
    }

    /// <summary>The connection string of the shared server, which is started if need be.</summary>
    internal Task<string> PostgresAsync() => Postgres.StartAsync(default);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Postgres.StopAsync(immediately: true, default);
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>The tests whose clusters may be of any engine.</summary>
[CollectionDefinition(Name)]
public sealed class MachineCollection : ICollectionFixture<Machine>
{
    public const string Name = "machine";
}
