using System.Buffers;
using System.Collections;
using System.Net;
using System.Text;
using System.Text.Json;
using TokMesh.Client.Orleans.Access;
using TokMesh.Cluster;

namespace TokMesh.Host.Configuration;

/// <summary>The configuration cannot be used; the message lists every problem.</summary>
internal sealed class SettingsException(string message) : Exception(message);

/// <summary>
/// Gathers the configuration: built-in defaults, then a JSON file, then <c>TOKMESH_</c> variables, then the command line; the later
/// wins, key by key. Every problem is found before anything is opened, and all are reported at once.
/// </summary>
internal static class SettingsReader
{
    private const string FileOption = "--config";
    private const string GatewayKey = "cluster.orleans.gateway_address";
    private const string FileVariable = "TOKMESH_CONFIG";
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    /// <exception cref="SettingsException">Something is wrong.</exception>
    public static HostSettings Read(IReadOnlyList<string> arguments, IDictionary environment)
    {
        var values = new Dictionary<string, (string Value, string Source)>(StringComparer.Ordinal);
        var problems = new List<(string Code, string Path, string Problem, string Solution)>();
        var file = environment[FileVariable] as string;
        for (var i = 0; i < arguments.Count; i++)
            if (arguments[i].StartsWith(FileOption + "=", StringComparison.Ordinal)) file = arguments[i][(FileOption.Length + 1)..];
        if (!string.IsNullOrEmpty(file)) ReadFile(file, values, problems);
        ReadVariables(environment, values, problems);
        ReadArguments(arguments, values, problems);

        var settings = new HostSettings();
        foreach (var key in SettingKey.All)
        {
            if (!values.Remove(key.Name, out var given)) continue;
            if (key.Apply(settings, given.Value) is { } problem)
                problems.Add((problem.Code, key.Name, $"{Shown(key.Name, given.Value)} from {given.Source} {problem.Problem}", $"use {key.Takes}"));
        }
        foreach (var (name, (_, source)) in values) problems.Add(("TM-CFG-1001", name, $"is no key of this version ({source})", NearestWord.Of(name, SettingKey.All.Select(k => k.Name)) is { } near ? $"did you mean {near}? --help lists all keys" : "remove it, or see --help for all keys"));
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

    // What is misspelt may have a secret in it, or be one: of an option only the name is shown, of anything else what is too short for one.
    private static string Shown(string argument)
    {
        if (!argument.StartsWith("--", StringComparison.Ordinal)) return argument.Length <= 16 ? Redaction.Mask(argument) : argument[..4] + "…";
        var end = argument.AsSpan().IndexOfAnyExcept(NameCharacters);
        return end < 0 ? argument : argument[..end] + "…";
    }

    private static void ReadFile(string file, Dictionary<string, (string, string)> values, List<(string, string, string, string)> problems)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("TokMesh", out var root) || root.ValueKind != JsonValueKind.Object)
                problems.Add(("TM-CFG-1001", file, "has no object \"TokMesh\" at its top", "put the keys into {\"TokMesh\": {…}}"));
            else Flatten(root, "", file, values, problems);
        }
        catch (JsonException e)
        {
            problems.Add(("TM-CFG-1001", file, $"is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine}", "correct it there"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add((e is UnauthorizedAccessException ? "TM-CFG-1004" : "TM-CFG-1003", file, "cannot be read: " + e.Message, "check path and permissions"));
        }
    }

    private static void Flatten(JsonElement element, string prefix, string file, Dictionary<string, (string, string)> values, List<(string, string, string, string)> problems)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                    Flatten(property.Value, prefix.Length == 0 ? property.Name : $"{prefix}.{property.Name}", file, values, problems);
                break;
            case JsonValueKind.Null:
            case JsonValueKind.Array when element.EnumerateArray().Any(e => e.ValueKind is JsonValueKind.Null or JsonValueKind.Object or JsonValueKind.Array):
                problems.Add(("TM-CFG-1001", prefix, $"is null, or holds more than plain values ({file})", "give it a value, or leave it out"));
                break;
            case JsonValueKind.Array:
                values[prefix] = (string.Join(',', element.EnumerateArray().Select(Scalar)), file);
                break;
            default:
                values[prefix] = (Scalar(element), file);
                break;
        }

        static string Scalar(JsonElement e) => e.ValueKind switch
        {
            JsonValueKind.String => e.GetString()!,
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => e.GetRawText(),
        };
    }

    // Key names contain underscores themselves, so a variable is matched against the known names instead of being taken apart.
    private static void ReadVariables(IDictionary environment, Dictionary<string, (string, string)> values, List<(string, string, string, string)> problems)
    {
        foreach (DictionaryEntry variable in environment)
        {
            if (variable.Key is not string name || !name.StartsWith("TOKMESH_", StringComparison.Ordinal) || name == FileVariable) continue;
            var key = SettingKey.All.FirstOrDefault(k => k.Variable == name);
            if (key is null)
                problems.Add(("TM-CFG-1001", name, "is no variable of this version", NearestWord.Of(name, SettingKey.All.Select(k => k.Variable)) is { } near ? $"did you mean {near}? --help lists all keys" : "remove it, or see --help for all keys"));
            else values[key.Name] = (variable.Value as string ?? "", name);
        }
    }

    private static void ReadArguments(IReadOnlyList<string> arguments, Dictionary<string, (string, string)> values, List<(string, string, string, string)> problems)
    {
        foreach (var argument in arguments)
        {
            if (argument.StartsWith(FileOption + "=", StringComparison.Ordinal)) continue;
            var equals = argument.IndexOf('=');
            if (!argument.StartsWith("--", StringComparison.Ordinal) || equals < 0)
            {
                problems.Add(("TM-CFG-1001", Shown(argument), "is not of the form --key=value", "see --help"));
                continue;
            }
            values[argument[2..equals].Replace('-', '_')] = (argument[(equals + 1)..], argument[..equals]);
        }
    }

    private static void CheckTogether(HostSettings s, List<(string, string, string, string)> problems)
    {
        if (s.NodeId.Length > 0 && !NodeIdentity.IsNodeId(s.NodeId))
            problems.Add(("TM-CFG-1001", "cluster.node_id", $"\"{s.NodeId}\" is not a node id", "use tmnd- and up to 64 of 0-9 a-z . -, beginning with a letter or digit"));
        var listening = new List<(string Key, string Address)> { ("server.http.address", s.HttpAddress), ("cluster.listen_address", s.ClusterListenAddress), (GatewayKey, s.OrleansGatewayAddress) };
        if (s.RedisEnabled) listening.Add(("server.redis.address", s.RedisAddress));
        foreach (var group in listening.GroupBy(l => l.Address[(l.Address.LastIndexOf(':') + 1)..]).Where(g => g.Count() > 1))
            problems.Add(("TM-CFG-1005", string.Join(", ", group.Select(g => g.Key)), $"listen on the same port {group.Key}", "give each its own port"));
        foreach (var (key, address) in listening)
        {
            if (IsLoopback(address) || s.AllowPlaintext || (key is "cluster.listen_address" or GatewayKey && s.HasClusterTls)) continue;
            problems.Add(("TM-CFG-1006", key, $"\"{address}\" is not loopback and not encrypted", "bind to loopback, configure TLS, or set server.allow_plaintext=true knowingly"));
        }
        var tls = new[] { s.ClusterCertificateFile, s.ClusterKeyFile, s.ClusterAuthorityFile };
        if (tls.Any(f => f.Length > 0) && tls.Any(f => f.Length == 0))
            problems.Add(("TM-CFG-1006", "cluster.tls", "needs cert_file, key_file and client_ca_file together", "set all three or none"));
        foreach (var missing in tls.Where(f => f.Length > 0 && !File.Exists(f)))
            problems.Add(("TM-CFG-1003", "cluster.tls", $"{missing} does not exist", "check the path"));
        if (s.MaxTtlMs < s.DefaultTtlMs) problems.Add(("TM-CFG-1002", "session.ttl.max", "is below session.ttl.default", "raise it or lower the default"));
        if (s.ElectionTimeoutMs < 3 * s.HeartbeatMs) problems.Add(("TM-CFG-1002", "cluster.raft.election_timeout", "is below three heartbeats", "raise it or lower cluster.raft.heartbeat"));
        if (s.NonceTtlMs < 2 * s.AntiReplayWindowMs)
            problems.Add(("TM-CFG-1002", "security.anti_replay.nonce_ttl", $"is {Units.FormatDuration(s.NonceTtlMs)}, below twice security.anti_replay.timestamp_window ({Units.FormatDuration(s.AntiReplayWindowMs)}): a nonce would be forgotten while its request could still be repeated", "raise it or lower the window"));
        if (s.UsesAdoNet && s.OrleansConnectionString.Length == 0)
            problems.Add(("TM-CFG-1006", "cluster.orleans.connection_string", "is missing; cluster.membership=adonet needs it", "set it, best as TOKMESH_CLUSTER_ORLEANS_CONNECTION_STRING"));
        if (!s.UsesAdoNet && s.OrleansConnectionString.Length > 0)
            problems.Add(("TM-CFG-1006", "cluster.orleans.connection_string", "is set, but the silos' membership is kept in meta", "set cluster.membership=adonet, or leave it out"));
        if (s.SecretFile.Length > 0 && !File.Exists(s.SecretFile))
            problems.Add(("TM-CFG-1003", "cluster.secret_file", $"{(s.SecretFile.Length == 64 && s.SecretFile.All(char.IsAsciiHexDigit) ? "it is no path, but the secret itself; that" : s.SecretFile)} does not exist", "check the path; \"openssl rand -hex 32\" makes a secret"));
        else if (s.SecretFile.Length > 0 && TokMeshSecret.ProblemOf(s.SecretFile) is { } unusable)
            problems.Add(("TM-CFG-1001", "cluster.secret_file", unusable.TrimEnd('.'), "\"openssl rand -hex 32\" makes one"));
        if ((s.Seeds.Count > 0 || s.ExpectNodes > 1) && s.SecretFile.Length == 0 && !s.HasClusterTls)
            problems.Add(("TM-CFG-1006", "cluster.secret_file", "is missing: without it, or cluster.tls, nodes cannot tell each other from strangers", "give all nodes the same file of 64 hexadecimal digits (openssl rand -hex 32), or certificates"));
        if (s.ExpectNodes > 1 && s.Seeds.Count == 0) problems.Add(("TM-CFG-1006", "cluster.bootstrap.expect_nodes", $"expects {s.ExpectNodes} nodes but there are no seeds", "set cluster.discovery.seeds"));
        if (s.EncryptionKey.Length > 0 && (s.EncryptionKey.Length != 64 || !s.EncryptionKey.All(char.IsAsciiHexDigit)))
            problems.Add(("TM-CFG-1001", "security.storage.wal_encryption_key", "is not 64 hexadecimal digits", "use 32 random bytes in hexadecimal, or leave it empty"));
        // Whatever a part would object to once the data directory is open, and a cluster founded, must be said now.
        if (problems.Count == 0)
            foreach (var problem in s.PartsProblems()) problems.Add(("TM-CFG-1002", "options", problem.TrimEnd('.'), "correct the key it belongs to"));
    }

    private static bool IsLoopback(string address)
    {
        var host = address[..address.LastIndexOf(':')].Trim('[', ']');
        return host == "localhost" || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));
    }
}
