using System.Globalization;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Transport;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Metering;
using TokMesh.Gateway.Requests;
using TokMesh.Gateway.Serving;
using TokMesh.Raft.Outputs;

namespace TokMesh.Gateway.Endpoints;

/// <summary>A24: this node's figures for Prometheus. Gauges of data count what this node leads, so that the sum over nodes is the cluster's.</summary>
internal sealed class MetricsEndpoint(Pipeline pipeline, ReplicaSurvey survey, IReadOnlyList<HttpRoute> routes)
{
    private const string Counter = "counter";
    private const string Gauge = "gauge";
    private readonly GatewayFrontEnd _frontEnd = pipeline.FrontEnd;
    private readonly ProcessorUse _processor = new();

    public async ValueTask RunAsync(Exchange exchange)
    {
        var replicas = await survey.TakeAsync();
        var text = new PrometheusWriter(exchange.BeginRaw(PrometheusWriter.ContentType));
        WriteGateway(text);
        WriteConnections(text);
        WriteRequests(text);
        WriteCluster(text, replicas);
        WriteRaft(text, replicas);
        WriteHealth(text);
        WriteProcess(text);
    }

    private void WriteGateway(PrometheusWriter text)
    {
        var meter = pipeline.Meter;
        var hits = _frontEnd.Authenticator.Hits;
        var misses = _frontEnd.Authenticator.Misses;
        text.Single("tokmesh_session_create_total", Counter, "Sessions created through HTTP.", meter.Created);
        text.Single("tokmesh_session_quota_exceeded_total", Counter, "Creates refused because of the user's quota.", meter.QuotaExceededCount);
        text.Begin("tokmesh_token_validate_calls_total", Counter, "Token validations by result.");
        text.Sample("tokmesh_token_validate_calls_total", "result=\"valid\"", meter.Count(ValidateResult.Valid));
        text.Sample("tokmesh_token_validate_calls_total", "result=\"invalid\"", meter.Count(ValidateResult.Invalid));
        text.Sample("tokmesh_token_validate_calls_total", "result=\"error\"", meter.Count(ValidateResult.Error));
        text.Begin("tokmesh_auth_failures_total", Counter, "Failed authentications by reason; an expired key counts as invalid.");
        text.Sample("tokmesh_auth_failures_total", "reason=\"missing\"", meter.Count(AuthFailure.Missing));
        text.Sample("tokmesh_auth_failures_total", "reason=\"invalid_key\"", meter.Count(AuthFailure.InvalidKey));
        text.Sample("tokmesh_auth_failures_total", "reason=\"disabled\"", meter.Count(AuthFailure.Disabled));
        text.Sample("tokmesh_auth_failures_total", "reason=\"ip_blocked\"", meter.Count(AuthFailure.IpBlocked));
        text.Begin("tokmesh_rate_limited_total", Counter, "Requests answered 429 by scope.");
        text.Sample("tokmesh_rate_limited_total", "scope=\"key\"", meter.LimitedKeys);
        text.Sample("tokmesh_rate_limited_total", "scope=\"address\"", meter.LimitedAddresses);
        text.Single("tokmesh_nonces_forgotten_total", Counter, "Nonces forgotten before their time because the cache was full.", meter.NoncesForgotten);
        text.Single("tokmesh_auth_cache_hits_total", Counter, "Secrets found verified.", hits);
        text.Single("tokmesh_auth_cache_misses_total", Counter, "Secrets that had to be verified.", misses);
        text.Begin("tokmesh_auth_cache_hit_rate", Gauge, "Share of secrets found verified.");
        text.Sample("tokmesh_auth_cache_hit_rate", "key=\"apikey\"", hits + misses == 0 ? 0 : (double)hits / (hits + misses));
    }

    private void WriteConnections(PrometheusWriter text)
    {
        text.Begin("tokmesh_connections", Gauge, "Connections that are open, by listener.");
        foreach (var limit in _frontEnd.Connections) text.Sample("tokmesh_connections", $"listener=\"{limit.Name}\"", limit.Open);
        text.Begin("tokmesh_connections_max", Gauge, "Most connections, by listener.");
        foreach (var limit in _frontEnd.Connections) text.Sample("tokmesh_connections_max", $"listener=\"{limit.Name}\"", limit.Most);
        text.Begin("tokmesh_connections_refused_total", Counter, "Connections refused because there were enough, by listener.");
        foreach (var limit in _frontEnd.Connections) text.Sample("tokmesh_connections_refused_total", $"listener=\"{limit.Name}\"", limit.Refused);
        text.Single("tokmesh_held_bytes", Gauge, "Bytes that all connections together hold: input, bodies, replies that are not read.", _frontEnd.Held.Held);
        text.Single("tokmesh_held_bytes_max", Gauge, "Most bytes that all connections together may hold.", _frontEnd.Held.Most);
        text.Single("tokmesh_held_refused_total", Counter, "Times something was answered busy, or a connection closed, because too much was held.", _frontEnd.Held.Refused);
    }

    private void WriteRequests(PrometheusWriter text)
    {
        const string name = "tokmesh_api_request_duration_seconds";
        text.Begin(name, "histogram", "Time to answer by method, route and status.");
        foreach (var route in routes)
        {
            foreach (var ((method, status), histogram) in route.Meter.Histograms)
                text.Histogram(name, string.Create(CultureInfo.InvariantCulture, $"method=\"{method}\",path=\"{route.Template}\",status=\"{status}\""), histogram);
        }
    }

    private void WriteCluster(PrometheusWriter text, IReadOnlyList<ReplicaStatus> replicas)
    {
        var node = _frontEnd.Node;
        var nodes = node.Map.Members;
        var down = _frontEnd.Membership?.Observed.Count(s => s.Liveness == Liveness.Dead) ?? 0;
        var nodeId = nodes.FirstOrDefault(n => n.Number == node.Self.Value)?.NodeId ?? "";
        text.Single("tokmesh_sessions_active_total", Gauge, "Sessions in the shards this node leads.",
            replicas.Where(r => r.Role == Role.Leader).Sum(r => (long)r.Sessions));
        text.Begin("tokmesh_shard_keys_count", Gauge, "Sessions and plain keys in the shards this node leads.");
        text.Sample("tokmesh_shard_keys_count", $"node_id=\"{nodeId}\"",
            replicas.Where(r => r.Role == Role.Leader).Sum(r => (long)r.Sessions + r.Keys));
        text.Begin("tokmesh_cluster_nodes_total", Gauge, "Members by status, as this node sees them.");
        text.Sample("tokmesh_cluster_nodes_total", "status=\"active\"", nodes.Count - down);
        text.Sample("tokmesh_cluster_nodes_total", "status=\"down\"", down);
        text.Single("tokmesh_cluster_nodes_parity", Gauge, "1 for an even number of members.", nodes.Count % 2 == 0 ? 1 : 0);
        text.Single("tokmesh_cluster_quorum_lost", Gauge, "1 when this node knows no leader of some group it carries.",
            replicas.Any(r => r.Leader.IsNone) ? 1 : 0);
        text.Single("tokmesh_clock_trusted", Gauge, "0 when this node's clock is off the majority's and it does not lead.", node.Clock.IsTrusted ? 1 : 0);
        text.Single("tokmesh_wal_flushes_total", Counter, "Writes to disk that committed work of all groups together.", node.LogFlushes);
        text.Single("tokmesh_wal_size_bytes", Gauge, "Bytes in the log's segments at its last housekeeping.", node.LogStatus.SizeBytes);
    }

    private void WriteRaft(PrometheusWriter text, IReadOnlyList<ReplicaStatus> replicas)
    {
        text.Single("tokmesh_raft_replicas", Gauge, "Groups this node carries a replica of, meta included.", replicas.Count);
        text.Single("tokmesh_raft_groups_led", Gauge, "Groups this node leads.", replicas.Count(r => r.Role == Role.Leader));
        text.Single("tokmesh_raft_groups_without_leader", Gauge, "Groups this node carries and knows no leader of.", replicas.Count(r => r.Leader.IsNone));
        text.Single("tokmesh_raft_term_max", Gauge, "Highest term of this node's replicas.", replicas.Count == 0 ? 0 : replicas.Max(r => r.Term.Value));
        text.Single("tokmesh_raft_unapplied_entries", Gauge, "Entries this node has not applied yet, of all groups.",
            replicas.Sum(r => (double)(r.LastIndex.Value - r.AppliedIndex.Value)));
        if (_frontEnd.Meter is not { } meter) return;
        text.Single("tokmesh_raft_elections_total", Counter, "Times a replica of this node stood for leader.", meter.Elections);
        text.Single("tokmesh_raft_leader_changes_total", Counter, "Times a replica of this node got a leader.", meter.LeaderChanges);
        text.Single("tokmesh_peer_bad_frames_total", Counter, "Frames of other nodes that could not be read.", meter.BadFrames);
    }

    /// <summary>What this node itself finds, so that the sum over nodes does not count twice what only leaders measure.</summary>
    private void WriteHealth(PrometheusWriter text)
    {
        const string name = "tokmesh_health_condition";
        var own = _frontEnd.Node.Health.Own;
        text.Begin(name, Gauge, "Members or kinds of groups this node says a condition of.");
        foreach (var code in HealthCodes.All)
            text.Sample(name, $"code=\"{code.ToText()}\",severity=\"{ConditionWriter.Text(HealthCodes.SeverityOf(code))}\"", own.Count(c => c.Code == code));
        text.Single("tokmesh_replicas_lagging", Gauge, "Replicas on other nodes that are behind what this node leads.",
            own.Where(static c => c.Code is HealthCode.ReplicaBehind or HealthCode.ReplicaStuck).Sum(static c => c.Groups));
        text.Single("tokmesh_shards_without_margin", Gauge, "Groups this node leads, meta included, that one more failure would stop.",
            own.Where(static c => c.Code == HealthCode.NoMargin).Sum(static c => c.Groups));
        text.Single("tokmesh_disk_state", Gauge, "This node's disk: 0 well, 1 slow, 2 does not answer.",
            own.Any(static c => c.Code == HealthCode.DiskHung) ? 2 : own.Any(static c => c.Code == HealthCode.DiskSlow) ? 1 : 0);
    }

    private void WriteProcess(PrometheusWriter text)
    {
        text.Single("tokmesh_cpu_usage_ratio", Gauge, "Share of all processors this process used lately.", _processor.Ratio());
        text.Single("tokmesh_mem_usage_bytes", Gauge, "Resident memory of this process.", Environment.WorkingSet);
        text.Single("tokmesh_mem_limit_bytes", Gauge, "Memory this process may use.", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
    }
}
