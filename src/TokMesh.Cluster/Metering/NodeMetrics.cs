using System.Diagnostics.Metrics;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Limits;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Outputs;

namespace TokMesh.Cluster.Metering;

/// <summary>
/// A node's figures, as instruments of the meter <see cref="MeterName"/>: whoever listens to that has them, through an HTTP front end or
/// without one. Gauges of data count what this node leads, so that the sum over nodes is the cluster's. While no node runs there are none.
/// </summary>
public sealed class NodeMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "TokMesh.Cluster";

    private readonly Func<Node?> _node;
    private readonly IMembership? _membership;
    private readonly ReplicaSurvey _survey;
    private readonly Meter _meter;
    private readonly EventCounts _events = new();
    private readonly ProcessorUse _processor = new();

    /// <param name="meters">Makes the meter, and ends it with its host.</param>
    /// <param name="node">The node; null while it does not run.</param>
    /// <param name="survey">Of the same node.</param>
    /// <param name="membership">Which other nodes are there; null when this one is alone.</param>
    public NodeMetrics(IMeterFactory meters, Func<Node?> node, ReplicaSurvey survey, IMembership? membership)
    {
        (_node, _membership, _survey) = (node, membership, survey);
        _meter = meters.Create(MeterName);
        AddCluster();
        AddRaft();
        AddHealth();
        Gauge("tokmesh_cpu_usage_ratio", "Share of all processors this process used lately.", _ => _processor.Ratio());
        Gauge("tokmesh_mem_usage_bytes", "Resident memory of this process.", static _ => Environment.WorkingSet);
        Gauge("tokmesh_mem_limit_bytes", "Memory this process may use.", static _ => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
    }

    /// <summary>What the node is to be given as its watch: counts, and tells <paramref name="next"/>.</summary>
    public INodeWatch Counting(INodeWatch next)
    {
        _events.Next = next;
        return _events;
    }

    /// <summary>Adds what all connections hold, and each listener's figures.</summary>
    public void Add(HeldBytes held, IReadOnlyList<ConnectionLimit> listeners)
    {
        _meter.CreateObservableGauge("tokmesh_connections", () => OfEach(static l => l.Open), null, "Connections that are open, by listener.");
        _meter.CreateObservableGauge("tokmesh_connections_max", () => OfEach(static l => l.Most), null, "Most connections, by listener.");
        _meter.CreateObservableCounter("tokmesh_connections_refused_total", () => OfEach(static l => l.Refused), null, "Connections refused because there were enough, by listener.");
        _meter.CreateObservableGauge("tokmesh_held_bytes", () => held.Held, null, "Bytes that all connections together hold: input, bodies, replies that are not read.");
        _meter.CreateObservableGauge("tokmesh_held_bytes_max", () => held.Most, null, "Most bytes that all connections together may hold.");
        _meter.CreateObservableCounter("tokmesh_held_refused_total", () => held.Refused, null, "Times something was answered busy, or a connection closed, because too much was held.");

        IEnumerable<Measurement<double>> OfEach(Func<ConnectionLimit, double> figure) => listeners.Select(l => Labelled(figure(l), "listener", l.Name));
    }

    /// <summary>Adds how often secrets were found verified.</summary>
    public void Add(Authenticator authenticator)
    {
        _meter.CreateObservableCounter("tokmesh_auth_cache_hits_total", () => authenticator.Hits, null, "Secrets found verified.");
        _meter.CreateObservableCounter("tokmesh_auth_cache_misses_total", () => authenticator.Misses, null, "Secrets that had to be verified.");
        _meter.CreateObservableGauge("tokmesh_auth_cache_hit_rate", () =>
        {
            var (hits, misses) = (authenticator.Hits, authenticator.Misses);
            return Labelled(hits + misses == 0 ? 0 : (double)hits / (hits + misses), "key", "apikey");
        }, null, "Share of secrets found verified.");
    }

    private void AddCluster()
    {
        Gauge("tokmesh_sessions_active_total", "Sessions in the shards this node leads.", _ => Led().Sum(static r => (long)r.Sessions));
        Gauges("tokmesh_shard_keys_count", "Sessions and plain keys in the shards this node leads.",
            n => [Labelled(Led().Sum(static r => (double)r.Sessions + r.Keys), "node_id", n.NodeIdOf(n.Self) ?? "")]);
        Gauges("tokmesh_cluster_nodes_total", "Members by status, as this node sees them.",
            n => [Labelled(n.Map.Members.Count - Down(), "status", "active"), Labelled(Down(), "status", "down")]);
        Gauge("tokmesh_cluster_nodes_parity", "1 for an even number of members.", static n => n.Map.Members.Count % 2 == 0 ? 1 : 0);
        Gauge("tokmesh_cluster_quorum_lost", "1 when this node knows no leader of some group it carries.", _ => Replicas().Any(static r => r.Leader.IsNone) ? 1 : 0);
        Gauge("tokmesh_clock_trusted", "0 when this node's clock is off the majority's and it does not lead.", static n => n.Clock.IsTrusted ? 1 : 0);
        Counter("tokmesh_wal_flushes_total", "Writes to disk that committed work of all groups together.", static n => n.LogFlushes);
        Gauge("tokmesh_wal_size_bytes", "Bytes in the log's segments at its last housekeeping.", static n => n.LogStatus.SizeBytes);
    }

    private void AddRaft()
    {
        Gauge("tokmesh_raft_replicas", "Groups this node carries a replica of, meta included.", _ => Replicas().Count);
        Gauge("tokmesh_raft_groups_led", "Groups this node leads.", _ => Led().Count());
        Gauge("tokmesh_raft_groups_without_leader", "Groups this node carries and knows no leader of.", _ => Replicas().Count(static r => r.Leader.IsNone));
        Gauge("tokmesh_raft_term_max", "Highest term of this node's replicas.", _ => Replicas().Select(static r => (double)r.Term.Value).DefaultIfEmpty().Max());
        Gauge("tokmesh_raft_unapplied_entries", "Entries this node has not applied yet, of all groups.",
            _ => Replicas().Sum(static r => (double)(r.LastIndex.Value - r.AppliedIndex.Value)));
        Counter("tokmesh_raft_elections_total", "Times a replica of this node stood for leader.", _ => _events.Elections);
        Counter("tokmesh_raft_leader_changes_total", "Times a replica of this node got a leader.", _ => _events.LeaderChanges);
        Counter("tokmesh_peer_bad_frames_total", "Frames of other nodes that could not be read.", _ => _events.BadFrames);
    }

    /// <summary>What this node itself finds, so that the sum over nodes does not count twice what only leaders measure.</summary>
    private void AddHealth()
    {
        Gauges("tokmesh_health_condition", "Members or kinds of groups this node says a condition of.", static n => HealthCodes.All.Select(code =>
            new Measurement<double>(n.Health.Own.Count(c => c.Code == code), new("code", code.ToText()), new("severity", HealthCodes.SeverityOf(code).ToString().ToLowerInvariant()))));
        Gauge("tokmesh_replicas_lagging", "Replicas on other nodes that are behind what this node leads.",
            static n => n.Health.Own.Where(static c => c.Code is HealthCode.ReplicaBehind or HealthCode.ReplicaStuck).Sum(static c => c.Groups));
        Gauge("tokmesh_shards_without_margin", "Groups this node leads, meta included, that one more failure would stop.",
            static n => n.Health.Own.Where(static c => c.Code == HealthCode.NoMargin).Sum(static c => c.Groups));
        Gauge("tokmesh_disk_state", "This node's disk: 0 well, 1 slow, 2 does not answer.",
            static n => n.Health.Own.Any(static c => c.Code == HealthCode.DiskHung) ? 2 : n.Health.Own.Any(static c => c.Code == HealthCode.DiskSlow) ? 1 : 0);
    }

    private void Gauge(string name, string help, Func<Node, double> figure) => Gauges(name, help, n => [new Measurement<double>(figure(n))]);

    private void Gauges(string name, string help, Func<Node, IEnumerable<Measurement<double>>> figures) =>
        _meter.CreateObservableGauge(name, () => _node() is { } node ? figures(node) : [], null, help);

    private void Counter(string name, string help, Func<Node, long> figure) =>
        _meter.CreateObservableCounter<long>(name, () => _node() is { } node ? [new Measurement<long>(figure(node))] : Array.Empty<Measurement<long>>(), null, help);

    private static Measurement<double> Labelled(double figure, string label, string value) => new(figure, new KeyValuePair<string, object?>(label, value));

    private int Down() => _membership?.Observed.Count(static s => s.Liveness == Liveness.Dead) ?? 0;

    private IEnumerable<ReplicaStatus> Led() => Replicas().Where(static r => r.Role == Role.Leader);

    // Figures are collected by one thread at a time, which may wait for the lanes; all gauges of one collection share an answer.
    private IReadOnlyList<ReplicaStatus> Replicas() => _survey.TakeAsync().GetAwaiter().GetResult();
}
