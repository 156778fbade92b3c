using Npgsql;
using TokMesh.Launcher;

namespace TokMesh.Orleans.Tests.Sql;

/// <summary>One PostgreSQL for all tests that need it, with a database for each; gone afterwards.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    // Below the temporary directory itself: PostgreSQL may run as another user, who must reach it.
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "tokmesh-sql-" + Guid.NewGuid().ToString("N"));
    private readonly PrivatePostgres _postgres;
    private string _connectionString = "";

    public PostgresServer() => _postgres = new PrivatePostgres(_directory);

    public async Task InitializeAsync()
    {
        if (PrivatePostgres.IsInstalled) _connectionString = await _postgres.StartAsync(default);
    }

    public async Task DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await _postgres.StopAsync(immediately: true, default);
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Makes an empty database; skips the test where there is no PostgreSQL.</summary>
    internal async Task<string> CreateDatabaseAsync()
    {
        Skip.If(_connectionString.Length == 0, "PostgreSQL's server programs are not installed.");
        var name = "t" + Guid.NewGuid().ToString("N");
        await ExecuteAsync(_connectionString, $"CREATE DATABASE {name}");
        return new NpgsqlConnectionStringBuilder(_connectionString) { Database = name }.ConnectionString;
    }

    internal static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    internal static async Task<T> ScalarAsync<T>(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A script of <c>sql/</c>.</summary>
    internal static string Script(string name)
    {
        using var resource = new StreamReader(typeof(PostgresServer).Assembly.GetManifestResourceStream("sql/" + name)!);
        return resource.ReadToEnd();
    }
}

/// <summary>The tests that share the server.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresServer>
{
    public const string Name = "PostgreSQL";
}
