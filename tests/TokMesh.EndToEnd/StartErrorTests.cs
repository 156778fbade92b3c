using System.Text.Json;

namespace TokMesh.EndToEnd;

/// <summary>What keeps a server from starting is said in one line, and ends the process.</summary>
[Collection(MachineCollection.Name)]
public sealed class StartErrorTests(Machine machine) : IDisposable
{
    private const string Name = "tmnd-start";
    private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-start-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Without_PostgreSQL_a_server_says_that_it_cannot_be_reached()
    {
        var said = await RefusedAsync($"Host=127.0.0.1;Port={FreePort.Next()};Database=d;Username=u;Password=hunter2");
        Assert.Contains("TM-DB-5031", said, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", said, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task On_a_database_without_the_tables_a_server_says_which_scripts_are_to_be_applied()
    {
        // A database that is always there and in which nobody makes tables.
        var said = await RefusedAsync((await machine.PostgresAsync()).Replace("Database=postgres", "Database=template1", StringComparison.Ordinal));
        Assert.Contains("TM-DB-4041", said, StringComparison.Ordinal);
        Assert.Contains("clustering.sql", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_certificate_of_another_authority_a_server_says_so()
    {
        using var ours = new Authority("ours");
        using var theirs = new Authority("theirs");
        theirs.Issue(_folder, Name);
        ours.WriteOwn(_folder);
        var said = await RefusedAsync(null, $"--cluster.tls.cert-file={_folder}/{Name}.pem", $"--cluster.tls.key-file={_folder}/{Name}.key", $"--cluster.tls.client-ca-file={_folder}/ca.pem");
        Assert.Contains("certificate", said, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Under_another_name_than_its_data_have_a_server_says_whose_they_are()
    {
        var nowhere = $"Host=127.0.0.1;Port={FreePort.Next()};Database=d;Username=u";
        // The data have a name before PostgreSQL is looked for.
        Assert.Contains("TM-DB-5031", await RefusedAsync(nowhere), StringComparison.Ordinal);
        Assert.Contains($"belongs to node {Name}; the configuration says tmnd-other", await RefusedAsync(nowhere, "--cluster.node-id=tmnd-other"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_work_together_is_said_before_anything_is_opened_or_founded()
    {
        var said = await MisconfiguredAsync("--security.anti-replay.timestamp-window=5m", "--session.ttl.max=1m");
        Assert.Contains("Error 1/2", said, StringComparison.Ordinal);
        Assert.Contains("security.anti_replay.nonce_ttl", said, StringComparison.Ordinal);
        Assert.Contains("session.ttl.max", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--cluster.discovery.seeds=127.0.0.1:5343,127.0.0.1:5353,127.0.0.1:5363", "--cluster.bootstrap.expect-nodes=3")]
    [InlineData("--cluster.discovery.seeds=127.0.0.1:5353")]
    public async Task A_node_among_others_that_has_neither_a_secret_nor_certificates_opens_nothing(params string[] others) =>
        Assert.Contains("cluster.secret_file", await MisconfiguredAsync(others), StringComparison.Ordinal);

    /// <summary>Starts a server that must not open anything, and returns what it says.</summary>
    private async Task<string> MisconfiguredAsync(params string[] more)
    {
        var data = $"{_folder}/never";
        var ended = await Tool.RunAsync("dotnet", [Built.Server, $"--storage.dir={data}", .. Ports(), .. more]);
        Assert.Equal(78, ended.Code);
        Assert.False(Directory.Exists(data));
        return ended.All;
    }

    /// <summary>Starts a server that must not come up, with its membership in that database or kept by itself, and returns the one error line it writes.</summary>
    private async Task<string> RefusedAsync(string? connectionString, params string[] more)
    {
        string[] arguments = [Built.Server, $"--storage.dir={_folder}/data", $"--cluster.node-id={Name}", .. Ports(), $"--cluster.membership={(connectionString is null ? "meta" : "adonet")}", $"--cluster.orleans.cluster-id=start{Guid.NewGuid():N}", .. more];
        var ended = connectionString is null ? await Tool.RunAsync("dotnet", arguments) : await Tool.RunAsync("dotnet", arguments, (Machine.ConnectionStringVariable, connectionString));
        Assert.True(ended.Code != 0, ended.All);
        return Assert.Single(ended.Output.Split('\n'), IsError);
    }

    private static IEnumerable<string> Ports() =>
        ((string[])["server.http.address", "server.redis.address", "cluster.listen-address", "cluster.orleans.gateway-address"]).Select(key => $"--{key}=127.0.0.1:{FreePort.Next()}");

    private static bool IsError(string line) => line.StartsWith('{') && JsonDocument.Parse(line).RootElement.GetProperty("level").GetString() == "ERROR";
}
