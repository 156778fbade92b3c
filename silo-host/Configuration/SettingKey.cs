using System.Globalization;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Transport;
using TokMesh.Orleans.Nodes;
using TokMesh.State.Sessions;

namespace TokMesh.Host.Configuration;

/// <summary>One key of the configuration: its name, what it takes, and where its value goes.</summary>
/// <param name="Name">Dotted name.</param>
/// <param name="Takes">Allowed values, for messages and <c>--help</c>.</param>
/// <param name="Apply">Sets the value, or says what is wrong with it: code and problem.</param>
internal sealed record SettingKey(string Name, string Takes, Func<HostSettings, string, (string Code, string Problem)?> Apply)
{
    /// <summary>As an environment variable.</summary>
    public string Variable => "TOKMESH_" + Name.Replace('.', '_').ToUpperInvariant();

    /// <summary>As a command-line option.</summary>
    public string Option => "--" + Name.Replace('_', '-');

    /// <summary>Every key there is.</summary>
    public static IReadOnlyList<SettingKey> All { get; } =
    [
        Text("storage.dir", "a directory", (s, v) => s.DataDirectory = v, mayBeEmpty: false),
        Size("storage.wal.segment_size", 1L << 20, 1L << 30, (s, v) => s.SegmentBytes = v),
        Size("storage.snapshot.threshold", 1L << 20, 10L << 30, (s, v) => s.SnapshotThresholdBytes = v),
        Text("security.storage.wal_encryption_key", "64 hexadecimal digits, or empty for a key kept in the data directory", (s, v) => s.EncryptionKey = v),
        Flag("security.storage.encryption", (s, v) => s.Encryption = v),
        Address("server.http.address", (s, v) => s.HttpAddress = v),
        Size("server.http.max_body_size", 1L << 20, 1L << 30, (s, v) => s.HttpMaxBodyBytes = v),
        Number("server.http.max_connections", 16, 1_000_000, (s, v) => s.HttpLimits.Most = v),
        Number("server.http.max_connections_per_address", 1, 1_000_000, (s, v) => s.HttpLimits.MostPerAddress = v),
        Flag("server.redis.enabled", (s, v) => s.RedisEnabled = v),
        Address("server.redis.address", (s, v) => s.RedisAddress = v),
        Size("server.redis.max_bulk_size", 1L << 10, 16L << 20, (s, v) => s.RedisMaxBulkBytes = v),
        Number("server.redis.max_connections", 16, 1_000_000, (s, v) => s.RedisLimits.Most = v),
        Number("server.redis.max_connections_per_address", 1, 1_000_000, (s, v) => s.RedisLimits.MostPerAddress = v),
        Size("server.max_held_bytes", 64L << 20, 1L << 40, (s, v) => s.MaxHeldBytes = v),
        Flag("server.allow_plaintext", (s, v) => s.AllowPlaintext = v),
        Text("cluster.node_id", "tmnd- and up to 64 of 0-9 a-z . -, or empty to draw one", (s, v) => s.NodeId = v.ToLowerInvariant()),
        new("cluster.zone", "up to 64 of 0-9 a-z . -, or empty for none", static (s, v) =>
        {
            if (!TokMeshSiloOptions.IsZone(v)) return (Codes.ConfigType, "is no name of a zone");
            s.Zone = v;
            return null;
        }),
        Choice("cluster.membership", [HostSettings.Meta, HostSettings.AdoNet], (s, v) => s.Membership = v),
        Text("cluster.secret_file", "a file with 64 hexadecimal digits, the same for all nodes of the cluster", (s, v) => s.SecretFile = v),
        Text("cluster.orleans.connection_string", "how to reach PostgreSQL, as Npgsql takes it; better as a variable than on the command line", (s, v) => s.OrleansConnectionString = v),
        Flag("cluster.orleans.create_tables", (s, v) => s.OrleansCreateTables = v),
        Address("cluster.orleans.gateway_address", (s, v) => s.OrleansGatewayAddress = v),
        Number("cluster.orleans.max_connections", 16, 1_000_000, (s, v) => s.OrleansLimits.Most = v),
        Number("cluster.orleans.max_connections_per_address", 1, 1_000_000, (s, v) => s.OrleansLimits.MostPerAddress = v),
        Text("cluster.orleans.cluster_id", "a name", (s, v) => s.OrleansClusterId = v, mayBeEmpty: false),
        Text("cluster.orleans.service_id", "a name", (s, v) => s.OrleansServiceId = v, mayBeEmpty: false),
        Address("cluster.listen_address", (s, v) => s.ClusterListenAddress = v),
        Address("cluster.advertise_address", (s, v) => s.ClusterAdvertiseAddress = v),
        Text("cluster.tls.cert_file", "a PEM file", (s, v) => s.ClusterCertificateFile = v),
        Text("cluster.tls.key_file", "a PEM file", (s, v) => s.ClusterKeyFile = v),
        Text("cluster.tls.client_ca_file", "a PEM file", (s, v) => s.ClusterAuthorityFile = v),
        List("cluster.discovery.seeds", "host:port, comma-separated", static v => HostAndPort.TryParse(v, out _, out _), "is not host:port", (s, v) => s.Seeds = v),
        Number("cluster.bootstrap.expect_nodes", 1, 100, (s, v) => s.ExpectNodes = v),
        Number("cluster.bootstrap.shard_count", 1, 4096, (s, v) => s.ShardCount = v),
        Number("cluster.data.replication_factor", 1, 7, (s, v) => s.ReplicationFactor = v),
        Flag("cluster.rebalance.leaders", (s, v) => s.BalancesLeaders = v),
        Number("cluster.rebalance.parallel", 0, 64, (s, v) => s.MovesAtOnce = v),
        Duration("cluster.raft.heartbeat", 10, 10_000, (s, v) => s.HeartbeatMs = (int)v),
        Duration("cluster.raft.election_timeout", 30, 120_000, (s, v) => s.ElectionTimeoutMs = (int)v),
        Duration("cluster.max_clock_offset", 10, 60_000, (s, v) => s.MaxClockOffsetMs = (int)v),
        Duration("session.ttl.default", 60_000, 8760 * 3600_000L, (s, v) => s.DefaultTtlMs = v),
        Duration("session.ttl.max", 60_000, 8760 * 3600_000L, (s, v) => s.MaxTtlMs = v),
        Number("session.quota.max_per_user", 1, 10_000, (s, v) => s.QuotaPerUser = v),
        Duration("security.auth.cache_ttl", 10_000, 300_000, (s, v) => s.AuthCacheTtlMs = v),
        Number("security.auth.cache_capacity", 1000, 100_000, (s, v) => s.AuthCacheCapacity = v),
        Flag("security.anti_replay.required", (s, v) => s.AntiReplayRequired = v),
        Duration("security.anti_replay.timestamp_window", 1000, 300_000, (s, v) => s.AntiReplayWindowMs = v),
        Duration("security.anti_replay.nonce_ttl", 1000, 600_000, (s, v) => s.NonceTtlMs = v),
        Number("security.anti_replay.nonce_cache_size", 1000, 1_000_000, (s, v) => s.NonceCacheSize = v),
        List("security.network.trusted_proxies", "addresses or CIDR blocks, comma-separated", static v => IpBytes.TryParseBlock(v, out _, out _), "is neither an address nor a CIDR block", (s, v) => s.TrustedProxies = v),
        Flag("telemetry.metrics.auth_enabled", (s, v) => s.MetricsAuthentication = v),
        Level("telemetry.logging.level", (s, v) => s.LogLevel = v),
    ];

    private static SettingKey Text(string name, string takes, Action<HostSettings, string> set, bool mayBeEmpty = true) => new(name, takes, (s, v) =>
    {
        if (v.Length == 0 && !mayBeEmpty) return (Codes.ConfigType, "is empty");
        set(s, v);
        return null;
    });

    private static SettingKey List(string name, string takes, Predicate<string> isItem, string problem, Action<HostSettings, List<string>> set) => new(name, takes, (s, v) =>
    {
        List<string> items = [.. v.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        if (items.Find(i => !isItem(i)) is { } wrong) return (Codes.ConfigType, items.Count == 1 ? problem : $"has \"{wrong}\", which {problem}");
        set(s, items);
        return null;
    });

    private static SettingKey Flag(string name, Action<HostSettings, bool> set) => new(name, "true or false", (s, v) =>
    {
        if (!bool.TryParse(v, out var flag)) return (Codes.ConfigType, "is neither true nor false");
        set(s, flag);
        return null;
    });

    private static SettingKey Choice(string name, string[] choices, Action<HostSettings, string> set) => new(name, string.Join(", ", choices[..^1]) + " or " + choices[^1], (s, v) =>
    {
        if (!choices.Contains(v)) return (Codes.ConfigType, "is not known");
        set(s, v);
        return null;
    });

    private static SettingKey Number(string name, int min, int max, Action<HostSettings, int> set) => new(name, $"{min} to {max}", (s, v) =>
    {
        if (!int.TryParse(v, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)) return (Codes.ConfigType, "is not a whole number");
        if (number < min || number > max) return (Codes.ConfigRange, "is out of range");
        set(s, number);
        return null;
    });

    private static SettingKey Address(string name, Action<HostSettings, string> set) => new(name, "host:port, port 1 to 65535", (s, v) =>
    {
        if (!HostAndPort.TrySplit(v, out _, out var port)) return (Codes.ConfigType, "is not host:port");
        if (port is < 1 or > 65535) return (Codes.ConfigRange, $"has port {port}");
        set(s, v);
        return null;
    });

    private static SettingKey Size(string name, long min, long max, Action<HostSettings, long> set) => new(name, $"{Units.FormatSize(min)} to {Units.FormatSize(max)}, such as 64MB", (s, v) =>
    {
        if (!Units.TryParseSize(v, out var bytes)) return (Codes.ConfigType, "is not a size such as 64MB");
        if (bytes < min || bytes > max) return (Codes.ConfigRange, "is out of range");
        set(s, bytes);
        return null;
    });

    private static SettingKey Duration(string name, long minMs, long maxMs, Action<HostSettings, long> set) => new(name, $"{Units.FormatDuration(minMs)} to {Units.FormatDuration(maxMs)}, such as 500ms or 1h30m", (s, v) =>
    {
        if (!Units.TryParseDuration(v, out var ms)) return (Codes.ConfigType, "is not a duration such as 500ms or 1h30m");
        if (ms < minMs || ms > maxMs) return (Codes.ConfigRange, "is out of range");
        set(s, ms);
        return null;
    });

    private static SettingKey Level(string name, Action<HostSettings, LogLevel> set) => new(name, "debug, info, warn or error", (s, v) =>
    {
        LogLevel? level = v switch { "debug" => LogLevel.Debug, "info" => LogLevel.Information, "warn" => LogLevel.Warning, "error" => LogLevel.Error, _ => null };
        if (level is not { } known) return (Codes.ConfigType, "is not a level");
        set(s, known);
        return null;
    });
}
