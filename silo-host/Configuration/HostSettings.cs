using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Sessions;
using TokMesh.Cluster.Transport;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Raft.Options;
using TokMesh.Redis.FrontEnd;

namespace TokMesh.Host.Configuration;

/// <summary>Everything the server can be told, with its defaults.</summary>
internal sealed class HostSettings
{
    /// <summary>In the meta group: nothing else is needed.</summary>
    public const string Meta = "meta";

    /// <summary>In PostgreSQL.</summary>
    public const string AdoNet = "adonet";

    public string DataDirectory { get; set; } = "./data";

    public string NodeId { get; set; } = "";

    /// <summary>What fails together with this node.</summary>
    public string Zone { get; set; } = "";

    public string HttpAddress { get; set; } = "127.0.0.1:5080";

    public long HttpMaxBodyBytes { get; set; } = 100L << 20;

    public bool RedisEnabled { get; set; } = true;

    public string RedisAddress { get; set; } = "127.0.0.1:6379";

    public long RedisMaxBulkBytes { get; set; } = 16L << 20;

    public ListenerLimits HttpLimits { get; } = new();

    public ListenerLimits RedisLimits { get; } = new();

    /// <summary>Of the Orleans gateway.</summary>
    public ListenerLimits OrleansLimits { get; } = new();

    /// <summary>Null for a quarter of the memory the process may use.</summary>
    public long? MaxHeldBytes { get; set; }

    /// <summary><see cref="Meta"/> or <see cref="AdoNet"/>: where the silos' membership is kept.</summary>
    public string Membership { get; set; } = Meta;

    /// <summary>What opens the ports for other nodes and Orleans clients; empty with TLS, or for a node alone.</summary>
    public string SecretFile { get; set; } = "";

    public string OrleansConnectionString { get; set; } = "";

    public bool OrleansCreateTables { get; set; }

    public string OrleansGatewayAddress { get; set; } = "127.0.0.1:5344";

    public string OrleansClusterId { get; set; } = "tokmesh";

    public string OrleansServiceId { get; set; } = "tokmesh";

    public string ClusterListenAddress { get; set; } = "127.0.0.1:5343";

    public string ClusterAdvertiseAddress { get; set; } = "";

    public string ClusterCertificateFile { get; set; } = "";

    public string ClusterKeyFile { get; set; } = "";

    public string ClusterAuthorityFile { get; set; } = "";

    public List<string> Seeds { get; set; } = [];

    public int ExpectNodes { get; set; } = 1;

    public int ShardCount { get; set; } = 256;

    public int ReplicationFactor { get; set; } = 3;

    public bool BalancesLeaders { get; set; } = true;

    public int MovesAtOnce { get; set; } = 3;

    public int HeartbeatMs { get; set; } = 100;

    public int ElectionTimeoutMs { get; set; } = 600;

    public int MaxClockOffsetMs { get; set; } = 500;

    public bool AllowPlaintext { get; set; }

    public string EncryptionKey { get; set; } = "";

    public bool Encryption { get; set; } = true;

    public long SegmentBytes { get; set; } = 64L << 20;

    public long SnapshotThresholdBytes { get; set; } = 1L << 30;

    public long DefaultTtlMs { get; set; } = 2 * 3600_000L;

    public long MaxTtlMs { get; set; } = 720 * 3600_000L;

    public int QuotaPerUser { get; set; } = 50;

    public List<string> TrustedProxies { get; set; } = [];

    public bool AntiReplayRequired { get; set; }

    public long AntiReplayWindowMs { get; set; } = 30_000;

    public long NonceTtlMs { get; set; } = 60_000;

    public int NonceCacheSize { get; set; } = 100_000;

    public long AuthCacheTtlMs { get; set; } = 60_000;

    public int AuthCacheCapacity { get; set; } = 10_000;

    public bool MetricsAuthentication { get; set; } = true;

    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    public string AdvertiseOrListen => ClusterAdvertiseAddress.Length > 0 ? ClusterAdvertiseAddress : ClusterListenAddress;

    public bool HasClusterTls => ClusterCertificateFile.Length > 0;

    public bool UsesAdoNet => Membership == AdoNet;

    public NodeCertificates? Certificates() =>
        HasClusterTls ? new NodeCertificates(ClusterCertificateFile, ClusterKeyFile, ClusterAuthorityFile) : null;

    public NodeOptions NodeOptions() => new()
    {
        Raft = new RaftOptions
        {
            HeartbeatMs = HeartbeatMs,
            ElectionTimeoutMs = ElectionTimeoutMs,
            ElectionJitterMs = Math.Max(1, ElectionTimeoutMs * 2 / 3),
        },
        LogSegmentBytes = SegmentBytes,
        SnapshotThresholdBytes = SnapshotThresholdBytes,
        MaxClockOffsetMs = MaxClockOffsetMs,
        BalancesLeaders = BalancesLeaders,
        MovesAtOnce = MovesAtOnce,
    };

    public SessionLimits SessionLimits() => new()
    {
        DefaultTtl = TimeSpan.FromMilliseconds(DefaultTtlMs),
        MaxTtl = TimeSpan.FromMilliseconds(MaxTtlMs),
        QuotaPerUser = QuotaPerUser,
    };

    public GatewayOptions GatewayOptions() => new()
    {
        MaxBodyBytes = HttpMaxBodyBytes,
        TrustedProxies = TrustedProxies,
        MetricsAuthentication = MetricsAuthentication,
        AntiReplay = new AntiReplayOptions
        {
            Required = AntiReplayRequired,
            WindowSeconds = (int)(AntiReplayWindowMs / 1000),
            NonceTtlSeconds = (int)(NonceTtlMs / 1000),
            NonceCacheSize = NonceCacheSize,
        },
    };

    public RedisFrontEndOptions RedisOptions() => new()
    {
        MaxBulkBytes = (int)RedisMaxBulkBytes,
    };

    /// <summary>What the parts that are told these settings would object to, one line each; empty when all is well.</summary>
    public IReadOnlyList<string> PartsProblems()
    {
        var problems = new List<string>([.. SessionLimits().Problems(), .. GatewayOptions().Problems(), .. RedisOptions().Validate()]);
        try
        {
            NodeOptions().Raft.Validate();
        }
        catch (ArgumentException e)
        {
            problems.AddRange(e.Message.Split(Environment.NewLine));
        }
        return problems;
    }
}
