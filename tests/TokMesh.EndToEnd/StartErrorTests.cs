using System.Text.Json;

namespace TokMesh.EndToEnd;

/// <summary>What keeps a server of the Orleans engine from starting is said in one line, and ends the process.</summary>
[Collection(MachineCollection.Name)]
public sealed class StartErrorTests(Machine machine) : IDisposable
{
    private const string Name = "tmnd-start";
    private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-start-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task Without_PostgreSQL_a_server_says_that_it_cannot_be_reached()
    {
        var said = await RefusedAsync($"Host=127.0.0.1;Port={LocalCluster.FreePort()};Database=d;Username=u;Password=hunter2");
        Assert.Contains("TM-DB-5031", said, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", said, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task On_a_database_without_the_tables_a_server_says_which_scripts_are_to_be_applied()
    {
        await Machine.RequireAsync(Engine.Orleans);
        // A database that is always there and in which nobody makes tables.
        var said = await RefusedAsync((await machine.PostgresAsync()).Replace("Database=postgres", "Database=template1", StringComparison.Ordinal));
        Assert.Contains("TM-DB-4041", said, StringComparison.Ordinal);
        Assert.Contains("clustering.sql", said, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task With_a_certificate_of_another_authority_a_server_says_so()
    {
        await Machine.RequireAsync(Engine.Orleans);
        using var ours = new Authority("ours");
        using var theirs = new Authority("theirs");
        theirs.Issue(_folder, Name);
        ours.WriteOwn(_folder);
        var said = await RefusedAsync(await machine.PostgresAsync(), "--cluster.orleans.create-tables=true", $"--cluster.tls.cert-file={_folder}/{Name}.pem",
            $"--cluster.tls.key-file={_folder}/{Name}.key", $"--cluster.tls.client-ca-file={_folder}/ca.pem");
        Assert.Contains("certificate", said, StringComparison.OrdinalIgnoreCase);
    }

    [SkippableFact]
    public async Task Under_another_name_than_its_data_have_a_server_says_whose_they_are()
    {
        var nowhere = $"Host=127.0.0.1;Port={LocalCluster.FreePort()};Database=d;Username=u";
        // The data have a name before PostgreSQL is looked for.
        Assert.Contains("TM-DB-5031", await RefusedAsync(nowhere), StringComparison.Ordinal);
        Assert.Contains($"belongs to node {Name}; the configuration says tmnd-other", await RefusedAsync(nowhere, "--cluster.node-id=tmnd-other"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_work_together_is_said_before_anything_is_opened_or_founded()
    {
        var data = $"{_folder}/never";
        var ended = await Tool.RunAsync("dotnet", [Built.Server, $"--storage.dir={data}", "--cluster.engine=peer", $"--server.http.address=127.0.0.1:{LocalCluster.FreePort()}",
            $"--server.redis.address=127.0.0.1:{LocalCluster.FreePort()}", $"--cluster.listen-address=127.0.0.1:{LocalCluster.FreePort()}",
            "--security.anti-replay.timestamp-window=5m", "--session.ttl.max=1m"]);
        Assert.Equal(78, ended.Code);
        Assert.Contains("Error 1/2", ended.All, StringComparison.Ordinal);
        Assert.Contains("security.anti_replay.nonce_ttl", ended.All, StringComparison.Ordinal);
        Assert.Contains("session.ttl.max", ended.All, StringComparison.Ordinal);
        Assert.False(Directory.Exists(data));
    }

    /// <summary>Starts a server that must not come up, and returns the one error line it writes.</summary>
    private async Task<string> RefusedAsync(string connectionString, params string[] more)
    {
        await Machine.RequireAsync(Engine.Orleans);
        string[] ports = [.. Enumerable.Range(0, 4).Select(_ => $"127.0.0.1:{LocalCluster.FreePort()}")];
        var ended = await Tool.RunAsync("dotnet",
            [Built.Server, $"--storage.dir={_folder}/data", $"--cluster.node-id={Name}", "--cluster.engine=orleans", "--cluster.orleans.clustering=adonet", $"--cluster.orleans.cluster-id=start{Guid.NewGuid():N}",
                $"--server.http.address={ports[0]}", $"--server.redis.address={ports[1]}", $"--cluster.listen-address={ports[2]}", $"--cluster.orleans.gateway-address={ports[3]}", .. more],
            (Machine.ConnectionStringVariable, connectionString));
        Assert.True(ended.Code != 0, ended.All);
        return Assert.Single(ended.Output.Split('\n'), IsError);
    }

    private static bool IsError(string line) => line.StartsWith('{') && JsonDocument.Parse(line).RootElement.GetProperty("level").GetString() == "ERROR";
}
