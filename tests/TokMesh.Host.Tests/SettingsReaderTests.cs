using System.Collections;
using Microsoft.Extensions.Configuration;
using TokMesh.Host.Configuration;

namespace TokMesh.Host.Tests;

public sealed class SettingsReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokmesh-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_command_line_wins_over_variables_and_these_over_the_file()
    {
        var file = FileOf("""{"TokMesh": {"session": {"quota": {"max_per_user": 1}, "ttl": {"default": "3m"}}, "cluster": {"raft": {"heartbeat": "20ms"}}}}""");
        var settings = Read([$"--config={file}", "--session.quota.max-per-user=3"],
            ("TOKMESH_SESSION_QUOTA_MAX_PER_USER", "2"), ("TOKMESH_SESSION_TTL_DEFAULT", "4m"));
        Assert.Equal((3, 4 * 60_000L, 20), (settings.QuotaPerUser, settings.DefaultTtlMs, settings.HeartbeatMs));
        // What nobody mentions keeps its default.
        Assert.Equal(256, settings.ShardCount);
    }

    /// <summary>A value that the reader takes and a part refuses would be found when a cluster has been founded already.</summary>
    [Fact]
    public void What_is_accepted_at_the_ends_of_every_range_is_accepted_by_every_part()
    {
        foreach (var key in SettingKey.All)
        {
            if (key.Takes.Split(' ') is not [var least, "to", var most, ..]) continue;
            foreach (var value in (string[])[least, most.TrimEnd(',')])
            {
                var settings = new HostSettings();
                Assert.Null(key.Apply(settings, value));
                try
                {
                    settings = Read([$"{key.Option}={value}"]);
                }
                catch (SettingsException e)
                {
                    // Some go together with others alone; then the key is named.
                    Assert.DoesNotContain("Path:     options", e.Message, StringComparison.Ordinal);
                    continue;
                }
                Assert.Empty(settings.PartsProblems());
            }
        }
    }

    [Theory]
    [InlineData("--server.redis.adress=127.0.0.1:1", "did you mean server.redis.address?")]
    [InlineData("--server.http.max-conections=20", "did you mean server.http.max_connections?")]
    [InlineData("--something.else.altogether=1", "remove it, or see --help for all keys")]
    public void A_key_that_is_almost_one_is_named(string argument, string solution) =>
        Assert.Contains("Solution: " + solution, Assert.Throws<SettingsException>(() => Read([argument])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("--dta", "--data")]
    [InlineData("--ndoes", "--nodes")]
    [InlineData("--data", "--data")]
    [InlineData("--frobnicate", null)]
    [InlineData("--x", null)]
    [InlineData("", null)]
    public void The_nearest_word_is_a_few_slips_away_or_none(string typed, string? nearest) =>
        Assert.Equal(nearest, NearestWord.Of(typed, ["--nodes", "--data", "--detach", "--json"]));

    [Fact]
    public void The_file_may_be_named_by_a_variable_and_the_command_line_names_another()
    {
        var one = FileOf("""{"TokMesh": {"session": {"quota": {"max_per_user": 1}}}}""");
        var two = FileOf("""{"TokMesh": {"session": {"quota": {"max_per_user": 2}}}}""");
        Assert.Equal(1, Read([], ("TOKMESH_CONFIG", one)).QuotaPerUser);
        Assert.Equal(2, Read([$"--config={two}"], ("TOKMESH_CONFIG", one)).QuotaPerUser);
    }

    [Fact]
    public void A_file_may_have_comments_lists_numbers_and_flags()
    {
        var file = FileOf("""
            {"TokMesh": {
                // who stands before it
                "security": {"network": {"trusted_proxies": ["10.0.0.1", "10.1.0.0/16"]}},
                "server": {"redis": {"enabled": false}, "http": {"max_connections": 20}},
            }}
            """);
        var settings = Read([$"--config={file}"]);
        Assert.Equal(["10.0.0.1", "10.1.0.0/16"], settings.TrustedProxies);
        Assert.Equal((20, false), (settings.HttpLimits.Most, settings.RedisEnabled));
    }

    [Fact]
    public void A_value_may_follow_its_option() => Assert.Equal((3, 4), (Read(["--session.quota.max-per-user", "3"]).QuotaPerUser,
        Read(["--config", FileOf("""{"TokMesh": {"session": {"quota": {"max_per_user": 4}}}}""")]).QuotaPerUser));

    [Fact]
    public void The_same_settings_are_in_the_configuration_of_the_application()
    {
        using var configuration = new ConfigurationManager();
        SettingsReader.Read(configuration, ["--session.quota.max-per-user=3"], new Hashtable { ["TOKMESH_CLUSTER_ZONE"] = "a" });
        Assert.Equal(("3", "a"), (configuration["TokMesh:session:quota:max_per_user"], configuration["TokMesh:cluster:zone"]));
    }

    [Fact]
    public void A_list_on_the_command_line_replaces_the_whole_of_a_file()
    {
        var file = FileOf("""{"TokMesh": {"security": {"network": {"trusted_proxies": ["10.0.0.1", "10.1.0.0/16"]}}}}""");
        Assert.Equal(["10.9.0.1"], Read([$"--config={file}", "--security.network.trusted-proxies=10.9.0.1"]).TrustedProxies);
    }

    [Fact]
    public void Every_problem_is_reported_at_once_with_code_path_and_solution()
    {
        var said = Problems(["--session.quota.max-per-user=0", "--server.http.address=nowhere", "--cluster.raft.heartbeat=5", "--server.redis.enabled=maybe"]);
        Assert.Contains("Error 1/4: ", said, StringComparison.Ordinal);
        Assert.Contains("Error 4/4: ", said, StringComparison.Ordinal);
        Assert.Equal(4, said.Split("  Solution: use ").Length - 1);
        AssertProblem(said, "TM-CFG-1002", "session.quota.max_per_user", "\"0\" from --session.quota.max-per-user is out of range", "use 1 to 10000");
        AssertProblem(said, "TM-CFG-1001", "server.http.address", "\"nowhere\" from --server.http.address is not host:port", "use host:port, port 1 to 65535");
        AssertProblem(said, "TM-CFG-1001", "server.redis.enabled", "\"maybe\" from --server.redis.enabled is neither true nor false", "use true or false");
    }

    [Theory]
    [InlineData("--no.such.key=1", "no.such.key")]
    [InlineData("--verbose", "--verbose")]
    [InlineData("start", "start")]
    [InlineData("--config", "--config")]
    public void Arguments_nobody_knows_are_refused(string argument, string path) => Assert.Contains($"Path:     {path}", Problems([argument]), StringComparison.Ordinal);

    [Fact]
    public void Variables_and_keys_of_a_file_that_nobody_knows_are_refused()
    {
        var file = FileOf("""{"TokMesh": {"no": {"such": 1}}}""");
        var said = Problems([$"--config={file}"], ("TOKMESH_NO_SUCH", "1"), ("PATH", "/bin"));
        Assert.Contains("Error 2/2", said, StringComparison.Ordinal);
        Assert.Contains("TOKMESH_NO_SUCH", said, StringComparison.Ordinal);
        Assert.Contains($"is no key of this version ({file})", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "is not JSON: line 1")]
    [InlineData("{}", "has no object \"TokMesh\" at its top")]
    [InlineData("[]", "must be an object")]
    [InlineData("""{"TokMesh": {"storage": {"dir": "a", "dir": "b"}}}""", "dir")]
    [InlineData("""{"TokMesh": {"storage": {"dir": {"x": 1}}}}""", "storage.dir.x")]
    [InlineData("""{"TokMesh": {"storage.dir": "a"}}""", "has dots in its name")]
    [InlineData("""{"TokMesh": 3}""", "has no object \"TokMesh\" at its top")]
    [InlineData("""{"TokMesh": []}""", "has no object \"TokMesh\" at its top")]
    [InlineData("""{"TokMesh": {"storage": {"dir": null}}}""", "storage.dir")]
    [InlineData("""{"TokMesh": {"cluster": {"discovery": {"seeds": [{"host": "a"}]}}}}""", "cluster.discovery.seeds")]
    public void A_file_of_another_shape_is_refused(string text, string problem) => Assert.Contains(problem, Problems([$"--config={FileOf(text)}"]), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_not_there_is_refused() => AssertProblem(Problems([$"--config={_folder}/none.json"]), "TM-CFG-1003", $"{_folder}/none.json", "cannot be read", "check path");

    [Theory]
    [InlineData("--server.redis.address=127.0.0.1:5080", "server.http.address, server.redis.address")]
    [InlineData("--server.redis.address=localhost:5343", "cluster.listen_address, server.redis.address")]
    [InlineData("--cluster.listen-address=127.0.0.1:5344", "cluster.listen_address, cluster.orleans.gateway_address")]
    public void Two_front_ends_on_one_port_are_refused(string argument, string path) => AssertProblem(Problems([argument]), "TM-CFG-1005", path, "listen on the same port", "own port");

    [Fact]
    public void A_front_end_that_is_closed_takes_no_port() => Assert.False(Read(["--server.redis.enabled=false", "--server.redis.address=127.0.0.1:5080"]).RedisEnabled);

    [Theory]
    [InlineData("server.http.address", "0.0.0.0:5080")]
    [InlineData("server.redis.address", "10.0.0.1:6379")]
    [InlineData("cluster.listen_address", "[::]:5343")]
    [InlineData("cluster.orleans.gateway_address", "0.0.0.0:5344")]
    public void Plaintext_beyond_loopback_needs_to_be_asked_for(string key, string address)
    {
        var option = $"--{key.Replace('_', '-')}={address}";
        AssertProblem(Problems([option]), "TM-CFG-1006", key, "is not loopback and not encrypted", "server.allow_plaintext=true");
        Read([option, "--server.allow-plaintext=true"]);
    }

    [Theory]
    [InlineData("127.0.0.2:5080")]
    [InlineData("localhost:5080")]
    [InlineData("[::1]:5080")]
    public void Loopback_has_several_names(string address) => Assert.Equal(address, Read([$"--server.http.address={address}"]).HttpAddress);

    [Theory]
    [InlineData("--session.ttl.max=1h", "session.ttl.max", "is below session.ttl.default")]
    [InlineData("--cluster.raft.election-timeout=200ms", "cluster.raft.election_timeout", "is below three heartbeats")]
    [InlineData("--cluster.bootstrap.expect-nodes=3", "cluster.bootstrap.expect_nodes", "there are no seeds")]
    [InlineData("--cluster.tls.cert-file=/none.pem", "cluster.tls", "cert_file, key_file and client_ca_file together")]
    [InlineData("--cluster.tls.cert-file=/none.pem", "cluster.tls", "/none.pem does not exist")]
    [InlineData("--cluster.node-id=a", "cluster.node_id", "\"a\" is not a node id")]
    [InlineData("--storage.dir=", "storage.dir", "is empty")]
    [InlineData("--server.redis.address=localhost:05080", "server.redis.address", "is not host:port")]
    [InlineData("--cluster.discovery.seeds=a:1,b", "cluster.discovery.seeds", "has \"b\", which is not host:port")]
    [InlineData("--cluster.discovery.seeds=10.0.0.1", "cluster.discovery.seeds", "\"10.0.0.1\" from --cluster.discovery.seeds is not host:port")]
    [InlineData("--security.network.trusted-proxies=10.0.0.0/99", "security.network.trusted_proxies", "\"10.0.0.0/99\" from --security.network.trusted-proxies is neither an address nor a CIDR block")]
    [InlineData("--security.anti-replay.timestamp-window=31s", "security.anti_replay.nonce_ttl", "is 1m, below twice security.anti_replay.timestamp_window (31s)")]
    [InlineData("--security.anti-replay.nonce-ttl=59s", "security.anti_replay.nonce_ttl", "is 59s, below twice security.anti_replay.timestamp_window (30s)")]
    public void Values_that_cannot_work_together_or_at_all_are_refused(string argument, string path, string problem)
    {
        var said = Problems([argument]);
        Assert.Contains($"Path:     {path}", said, StringComparison.Ordinal);
        Assert.Contains(problem, said, StringComparison.Ordinal);
    }

    [Fact]
    public void Membership_is_kept_in_meta_unless_PostgreSQL_is_asked_for()
    {
        var settings = Read([]);
        Assert.Equal(("meta", false), (settings.Membership, settings.UsesAdoNet));
        settings = Read(["--cluster.membership=adonet"], ("TOKMESH_CLUSTER_ORLEANS_CONNECTION_STRING", "Host=db"));
        Assert.Equal(("adonet", true, "Host=db"), (settings.Membership, settings.UsesAdoNet, settings.OrleansConnectionString));
        AssertProblem(Problems(["--cluster.membership=etcd"]), "TM-CFG-1001", "cluster.membership", "\"etcd\" from --cluster.membership", "use meta or adonet");
        AssertProblem(Problems(["--cluster.membership=adonet"]), "TM-CFG-1006", "cluster.orleans.connection_string", "is missing", "TOKMESH_CLUSTER_ORLEANS_CONNECTION_STRING");
        AssertProblem(Problems([], ("TOKMESH_CLUSTER_ORLEANS_CONNECTION_STRING", "Host=db")), "TM-CFG-1006", "cluster.orleans.connection_string", "is set", "cluster.membership=adonet");
    }

    [Fact]
    public void A_node_among_others_has_a_secret_or_certificates()
    {
        Assert.Empty(Read([]).SecretFile);
        foreach (var others in (string[][])[["--cluster.discovery.seeds=a:1"], ["--cluster.discovery.seeds=a:1", "--cluster.bootstrap.expect-nodes=3"]])
        {
            AssertProblem(Problems(others), "TM-CFG-1006", "cluster.secret_file", "is missing", "64 hexadecimal digits");
            var secret = FileOf(new string('a', 64) + "\n");
            Assert.Equal(secret, Read([.. others, $"--cluster.secret-file={secret}"]).SecretFile);
            Assert.True(Read([.. others, $"--cluster.tls.cert-file={FileOf("")}", $"--cluster.tls.key-file={FileOf("")}", $"--cluster.tls.client-ca-file={FileOf("")}"]).HasClusterTls);
        }
        AssertProblem(Problems([$"--cluster.secret-file={_folder}/none"]), "TM-CFG-1003", "cluster.secret_file", $"{_folder}/none does not exist", "check the path");
    }

    [Theory]
    [InlineData("TMND-A", "tmnd-a")]
    [InlineData("tmnd-node.1-b", "tmnd-node.1-b")]
    public void A_node_id_is_in_lower_case(string given, string id) => Assert.Equal(id, Read([$"--cluster.node-id={given}"]).NodeId);

    [Theory]
    [InlineData("0123456789abcdef")]
    [InlineData("zz23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void A_secret_that_is_wrong_is_never_echoed(string secret)
    {
        foreach (var said in (string[])[Problems([$"--security.storage.wal-encryption-key={secret}"]), Problems([], ("TOKMESH_SECURITY_STORAGE_WAL_ENCRYPTION_KEY", secret))])
        {
            Assert.Contains("is not 64 hexadecimal digits", said, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, said, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--security.storage.wal-encryption-key:{0}")]
    [InlineData("--security.storage.wal-encryption-key {0}")]
    [InlineData("tmas_{0}")]
    public void An_argument_that_is_misspelt_does_not_show_the_secret_in_it(string argument)
    {
        const string Secret = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        Assert.DoesNotContain(Secret, Problems([string.Format(System.Globalization.CultureInfo.InvariantCulture, argument, Secret)]), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_key_is_an_option_and_a_variable_of_its_own()
    {
        Assert.Equal(SettingKey.All.Count, SettingKey.All.Select(k => k.Variable).Distinct().Count());
        Assert.Equal(SettingKey.All.Count, SettingKey.All.Select(k => k.Option).Distinct().Count());
        Assert.All(SettingKey.All, k => Assert.Matches("^[a-z_]+([.][a-z_]+)+$", k.Name));
    }

    private static void AssertProblem(string said, string code, string path, string problem, string solution)
    {
        var one = said.Split("Error ").First(e => e.Contains($"Path:     {path}\n", StringComparison.Ordinal));
        Assert.Contains($": {code}\n", one, StringComparison.Ordinal);
        Assert.Contains(problem, one, StringComparison.Ordinal);
        Assert.Contains(solution, one, StringComparison.Ordinal);
    }

    private static HostSettings Read(string[] arguments, params (string Name, string Value)[] variables)
    {
        var environment = new Hashtable();
        foreach (var (name, value) in variables) environment[name] = value;
        using var configuration = new ConfigurationManager();
        return SettingsReader.Read(configuration, arguments, environment);
    }

    private static string Problems(string[] arguments, params (string Name, string Value)[] variables) =>
        Assert.Throws<SettingsException>(() => Read(arguments, variables)).Message;

    private string FileOf(string text)
    {
        var file = Path.Combine(_folder, Path.GetRandomFileName());
        File.WriteAllText(file, text);
        return file;
    }
}
