using TokMesh.Launcher;

namespace TokMesh.EndToEnd;

/// <summary>Where it is kept which silos there are.</summary>
public enum Membership
{
    /// <summary>In the meta group: nothing else is needed.</summary>
    Meta,

    /// <summary>In PostgreSQL.</summary>
    AdoNet,
}

/// <summary>What the machine may lack: one PostgreSQL for all clusters that want it, gone afterwards.</summary>
public sealed class Machine : IAsyncLifetime
{
    /// <summary>What the server reads the connection string from.</summary>
    internal const string ConnectionStringVariable = "TOKMESH_CLUSTER_ORLEANS_CONNECTION_STRING";

    // Below the temporary directory itself: PostgreSQL may run as another user, who must reach it.
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "tokmesh-e2e-postgres-" + Guid.NewGuid().ToString("N"));

    public Machine() => Postgres = new PrivatePostgres(_directory);

    internal PrivatePostgres Postgres { get; }

    /// <summary>Skips the test where PostgreSQL is not installed.</summary>
    internal static void RequirePostgres() => Skip.IfNot(PrivatePostgres.IsInstalled, "PostgreSQL's server programs are not installed.");

    /// <summary>The connection string of the shared server, which is started if need be; skips the test where there is none.</summary>
    internal Task<string> PostgresAsync()
    {
        RequirePostgres();
        return Postgres.StartAsync(default);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Postgres.StopAsync(immediately: true, default);
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>The tests that may want PostgreSQL.</summary>
[CollectionDefinition(Name)]
public sealed class MachineCollection : ICollectionFixture<Machine>
{
    public const string Name = "machine";
}
