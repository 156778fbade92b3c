using System.Net;
using System.Net.Sockets;
using Npgsql;
using TokMesh.Orleans.Database;

namespace TokMesh.Orleans.Tests.Sql;

/// <summary>What a server says about a database, and what it makes of one.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SchemaTests(PostgresServer server)
{
    private const string Fingerprint =
        "SELECT md5(string_agg(table_name || column_name || data_type, ',' ORDER BY table_name, ordinal_position)) FROM information_schema.columns WHERE table_schema = 'public'";

    [SkippableFact]
    public async Task An_empty_database_is_named_with_the_scripts_and_is_complete_once_they_are_applied()
    {
        var connectionString = await server.CreateDatabaseAsync();
        var problem = await PostgresSchema.ProblemAsync(connectionString, default);
        Assert.StartsWith("TM-DB-4041", problem, StringComparison.Ordinal);
        Assert.Contains("clustering.sql", problem, StringComparison.Ordinal);
        await PostgresSchema.ApplyAsync(connectionString, default);
        Assert.Null(await PostgresSchema.ProblemAsync(connectionString, default));
    }

    [SkippableFact]
    public async Task What_alone_is_missing_is_what_alone_is_named()
    {
        var connectionString = await server.CreateDatabaseAsync();
        await PostgresServer.ExecuteAsync(connectionString, PostgresServer.Script("clustering.sql"));
        await PostgresServer.ExecuteAsync(connectionString, "DELETE FROM OrleansQuery WHERE QueryKey = 'UpdateMembershipKey'");
        var problem = (await PostgresSchema.ProblemAsync(connectionString, default))!;
        Assert.Contains("not prepared: stored query UpdateMembershipKey (clustering.sql). Apply", problem, StringComparison.Ordinal);
        await PostgresSchema.ApplyAsync(connectionString, default);
        await PostgresServer.ExecuteAsync(connectionString, "DROP TABLE orleans_silo");
        Assert.Contains("not prepared: table orleans_silo (clustering.sql). Apply", await PostgresSchema.ProblemAsync(connectionString, default), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Applying_at_once_from_many_sides_and_again_later_changes_and_loses_nothing()
    {
        var connectionString = await server.CreateDatabaseAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => PostgresSchema.ApplyAsync(connectionString, default))));
        foreach (var script in (string[])["persistence.sql", "reminders.sql"]) await PostgresServer.ExecuteAsync(connectionString, PostgresServer.Script(script));
        await PostgresServer.ExecuteAsync(connectionString, "INSERT INTO orleans_cluster VALUES ('kept', 5, now()); INSERT INTO orleans_grain_state VALUES ('s', 't', 0, 0, true, 'k', 3, 'x', now())");
        var before = await PostgresServer.ScalarAsync<string>(connectionString, Fingerprint);
        await PostgresSchema.ApplyAsync(connectionString, default);
        foreach (var script in (string[])["clustering.sql", "persistence.sql", "reminders.sql"]) await PostgresServer.ExecuteAsync(connectionString, PostgresServer.Script(script));
        Assert.Equal(before, await PostgresServer.ScalarAsync<string>(connectionString, Fingerprint));
        Assert.Equal(5, await PostgresServer.ScalarAsync<int>(connectionString, "SELECT version FROM orleans_cluster"));
        Assert.Equal(3, await PostgresServer.ScalarAsync<int>(connectionString, "SELECT version FROM orleans_grain_state"));
    }

    [SkippableFact]
    public async Task A_query_of_an_earlier_version_is_replaced()
    {
        var connectionString = await server.CreateDatabaseAsync();
        await PostgresSchema.ApplyAsync(connectionString, default);
        await PostgresServer.ExecuteAsync(connectionString, "UPDATE OrleansQuery SET QueryText = '/* tokmesh */ SELECT 1' WHERE QueryKey = 'GatewaysQueryKey'");
        await PostgresSchema.ApplyAsync(connectionString, default);
        Assert.Contains("orleans_silo", await PostgresServer.ScalarAsync<string>(connectionString, "SELECT QueryText FROM OrleansQuery WHERE QueryKey = 'GatewaysQueryKey'"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_database_that_other_scripts_have_prepared_is_used_as_it_is_and_never_changed()
    {
        var connectionString = await server.CreateDatabaseAsync();
        await PostgresSchema.ApplyAsync(connectionString, default);
        await PostgresServer.ExecuteAsync(connectionString, "UPDATE OrleansQuery SET QueryText = 'SELECT theirs'; DROP TABLE orleans_silo, orleans_cluster");
        Assert.Null(await PostgresSchema.ProblemAsync(connectionString, default));
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => PostgresSchema.ApplyAsync(connectionString, default));
        Assert.StartsWith("TM-DB-4090", refused.Message, StringComparison.Ordinal);
        Assert.Null(await PostgresSchema.ProblemAsync(connectionString, default));
        Assert.Equal(9, await PostgresServer.ScalarAsync<long>(connectionString, "SELECT count(*) FROM OrleansQuery WHERE QueryText = 'SELECT theirs'"));
    }

    [SkippableFact]
    public async Task A_role_without_the_right_to_create_is_told_so_and_one_with_the_documented_grants_needs_no_more()
    {
        var owner = await server.CreateDatabaseAsync();
        await PostgresServer.ExecuteAsync(owner, "CREATE ROLE poor LOGIN PASSWORD 'poor-secret'");
        var poor = new NpgsqlConnectionStringBuilder(owner) { Username = "poor", Password = "poor-secret" }.ConnectionString;
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => PostgresSchema.ApplyAsync(poor, default));
        Assert.StartsWith("TM-DB-4030", refused.Message, StringComparison.Ordinal);
        await PostgresSchema.ApplyAsync(owner, default);
        Assert.StartsWith("TM-DB-4030", await PostgresSchema.ProblemAsync(poor, default), StringComparison.Ordinal);
        await PostgresServer.ExecuteAsync(owner, "GRANT SELECT ON OrleansQuery TO poor; GRANT SELECT, INSERT, UPDATE, DELETE ON orleans_cluster, orleans_silo TO poor");
        Assert.Null(await PostgresSchema.ProblemAsync(poor, default));
    }

    [SkippableFact]
    public async Task Each_way_of_not_getting_in_has_its_own_code_and_no_password_in_it()
    {
        var good = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync());
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var closed = ((IPEndPoint)silent.LocalEndpoint).Port;
        silent.Stop();
        (string Code, string ConnectionString)[] cases =
        [
            ("TM-DB-4010", With(b => b.Password = "hunter2-wrong")),
            ("TM-DB-4010", With(b => (b.Username, b.Password) = ("nobody-there", "hunter2"))),
            ("TM-DB-4040", With(b => (b.Database, b.Password) = ("not_there", good.Password))),
            ("TM-DB-5031", With(b => (b.Port, b.Password) = (closed, "hunter2"))),
            ("TM-DB-4000", "Host=h;Password=hunter2;hunter2=x"),
            ("TM-DB-4000", "Password=hunter2"),
            ("TM-DB-4000", "hunter2"),
        ];
        foreach (var (code, connectionString) in cases)
        {
            var problem = (await PostgresSchema.ProblemAsync(connectionString, default))!;
            Assert.StartsWith(code + ": ", problem, StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", problem, StringComparison.Ordinal);
            Assert.DoesNotContain(good.Password!, problem, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', problem);
            Assert.Equal(problem, (await Assert.ThrowsAsync<InvalidOperationException>(() => PostgresSchema.ApplyAsync(connectionString, default))).Message);
        }

        string With(Action<NpgsqlConnectionStringBuilder> change)
        {
            var builder = new NpgsqlConnectionStringBuilder(good.ConnectionString);
            change(builder);
            return builder.ConnectionString;
        }
    }
}
