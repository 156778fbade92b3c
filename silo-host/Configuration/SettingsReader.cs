using System.Collections;
using System.Net;
using System.Text;
using TokMesh.Client.Orleans.Access;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Joining;

namespace TokMesh.Host.Configuration;

/// <summary>The configuration cannot be used; the message lists every problem.</summary>
internal sealed class SettingsException(string message) : Exception(message);

/// <summary>Something that is wrong with the configuration.</summary>
/// <param name="Code">Of the error.</param>
/// <param name="Path">The key, variable, option or file.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Solution">What to do.</param>
internal readonly record struct SettingProblem(string Code, string Path, string Problem, string Solution);

/// <summary>Reads the settings. Every problem is found before anything is opened, and all are reported at once.</summary>
internal static class SettingsReader
{
    private const string GatewayKey = "cluster.orleans.gateway_address";

    /// <param name="configuration">Gets the sources: the same settings are in it, below <c>TokMesh</c>.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">Variables.</param>
    /// <exception cref="SettingsException">Something is wrong.</exception>
    public static HostSettings Read(ConfigurationManager configuration, IReadOnlyList<string> arguments, IDictionary environment)
    {
        var problems = new List<SettingProblem>();
        var sources = new SettingSources(configuration, arguments, environment, problems);
        var settings = new HostSettings();
        foreach (var key in SettingKey.All)
        {
            if (sources.Find(key) is not var (value, source)) continue;
            if (key.Apply(settings, value) is { } problem)
                problems.Add(new(problem.Code, key.Name, $"{Shown(key.Name, value)} from {source} {problem.Problem}", $"use {key.Takes}"));
        }
        CheckTogether(settings, problems);
        if (problems.Count == 0) return settings;

        var text = new StringBuilder();
        for (var i = 0; i < problems.Count; i++)
        {
            var (code, path, problem, solution) = problems[i];
            text.AppendLine($"Error {i + 1}/{problems.Count}: {code}").AppendLine($"  Path:     {path}").AppendLine($"  Problem:  {problem}").AppendLine($"  Solution: {solution}");
        }
        throw new SettingsException(text.ToString());
    }

    // A key that holds a secret is never shown.
    private static string Shown(string name, string value) => name.EndsWith("_key", StringComparison.Ordinal) || name.EndsWith("connection_string", StringComparison.Ordinal) ? "the value" : $"\"{value}\"";

    private static void CheckTogether(HostSettings s, List<SettingProblem> problems)
    {
        if (s.NodeId.Length > 0 && !NodeIdentity.IsNodeId(s.NodeId))
            problems.Add(new(Codes.ConfigType, "cluster.node_id", $"\"{s.NodeId}\" is not a node id", "use tmnd- and up to 64 of 0-9 a-z . -, beginning with a letter or digit"));
        var listening = new List<(string Key, string Address)> { ("server.http.address", s.HttpAddress), ("cluster.listen_address", s.ClusterListenAddress), (GatewayKey, s.OrleansGatewayAddress) };
        if (s.RedisEnabled) listening.Add(("server.redis.address", s.RedisAddress));
        foreach (var group in listening.GroupBy(l => l.Address[(l.Address.LastIndexOf(':') + 1)..]).Where(g => g.Count() > 1))
            problems.Add(new(Codes.ConfigConflict, string.Join(", ", group.Select(g => g.Key)), $"listen on the same port {group.Key}", "give each its own port"));
        foreach (var (key, address) in listening)
        {
            if (IsLoopback(address) || s.AllowPlaintext || (key is "cluster.listen_address" or GatewayKey && s.HasClusterTls)) continue;
            problems.Add(new(Codes.ConfigDependency, key, $"\"{address}\" is not loopback and not encrypted", "bind to loopback, configure TLS, or set server.allow_plaintext=true knowingly"));
        }
        var tls = new[] { s.ClusterCertificateFile, s.ClusterKeyFile, s.ClusterAuthorityFile };
        if (tls.Any(f => f.Length > 0) && tls.Any(f => f.Length == 0))
            problems.Add(new(Codes.ConfigDependency, "cluster.tls", "needs cert_file, key_file and client_ca_file together", "set all three or none"));
        foreach (var missing in tls.Where(f => f.Length > 0 && !File.Exists(f)))
            problems.Add(new(Codes.ConfigFileMissing, "cluster.tls", $"{missing} does not exist", "check the path"));
        if (s.MaxTtlMs < s.DefaultTtlMs) problems.Add(new(Codes.ConfigRange, "session.ttl.max", "is below session.ttl.default", "raise it or lower the default"));
        if (s.ElectionTimeoutMs < 3 * s.HeartbeatMs) problems.Add(new(Codes.ConfigRange, "cluster.raft.election_timeout", "is below three heartbeats", "raise it or lower cluster.raft.heartbeat"));
        if (s.NonceTtlMs < 2 * s.AntiReplayWindowMs)
            problems.Add(new(Codes.ConfigRange, "security.anti_replay.nonce_ttl", $"is {Units.FormatDuration(s.NonceTtlMs)}, below twice security.anti_replay.timestamp_window ({Units.FormatDuration(s.AntiReplayWindowMs)}): a nonce would be forgotten while its request could still be repeated", "raise it or lower the window"));
        if (s.UsesAdoNet && s.OrleansConnectionString.Length == 0)
            problems.Add(new(Codes.ConfigDependency, "cluster.orleans.connection_string", "is missing; cluster.membership=adonet needs it", "set it, best as TOKMESH_CLUSTER_ORLEANS_CONNECTION_STRING"));
        if (!s.UsesAdoNet && s.OrleansConnectionString.Length > 0)
            problems.Add(new(Codes.ConfigDependency, "cluster.orleans.connection_string", "is set, but the silos' membership is kept in meta", "set cluster.membership=adonet, or leave it out"));
        if (s.SecretFile.Length > 0 && !File.Exists(s.SecretFile))
            problems.Add(new(Codes.ConfigFileMissing, "cluster.secret_file", $"{(s.SecretFile.Length == 64 && s.SecretFile.All(char.IsAsciiHexDigit) ? "it is no path, but the secret itself; that" : s.SecretFile)} does not exist", "check the path; \"openssl rand -hex 32\" makes a secret"));
        else if (s.SecretFile.Length > 0 && TokMeshSecret.ProblemOf(s.SecretFile) is { } unusable)
            problems.Add(new(Codes.ConfigType, "cluster.secret_file", unusable.TrimEnd('.'), "\"openssl rand -hex 32\" makes one"));
        if ((s.Seeds.Count > 0 || s.ExpectNodes > 1) && s.SecretFile.Length == 0 && !s.HasClusterTls)
            problems.Add(new(Codes.ConfigDependency, "cluster.secret_file", "is missing: without it, or cluster.tls, nodes cannot tell each other from strangers", "give all nodes the same file of 64 hexadecimal digits (openssl rand -hex 32), or certificates"));
        if (s.ExpectNodes > 1 && s.Seeds.Count == 0) problems.Add(new(Codes.ConfigDependency, "cluster.bootstrap.expect_nodes", $"expects {s.ExpectNodes} nodes but there are no seeds", "set cluster.discovery.seeds"));
        if (s.EncryptionKey.Length > 0 && (s.EncryptionKey.Length != 64 || !s.EncryptionKey.All(char.IsAsciiHexDigit)))
            problems.Add(new(Codes.ConfigType, "security.storage.wal_encryption_key", "is not 64 hexadecimal digits", "use 32 random bytes in hexadecimal, or leave it empty"));
        // Whatever a part would object to once the data directory is open, and a cluster begun, must be said now.
        if (problems.Count == 0)
            foreach (var problem in s.PartsProblems()) problems.Add(new(Codes.ConfigRange, "options", problem.TrimEnd('.'), "correct the key it belongs to"));
    }

    private static bool IsLoopback(string address)
    {
        var host = address[..address.LastIndexOf(':')].Trim('[', ']');
        return host == "localhost" || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));
    }
}
