using TokMesh.Gateway.FrontEnd;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

[Collection(GatewayCollection.Name)]
public sealed class MetricsTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    [Fact]
    public async Task Every_line_is_valid_and_the_contracts_names_are_there()
    {
        await _gateway.CreateAsync("metered");
        var metrics = await ScrapeAsync(_gateway);
        foreach (var name in new[] { "tokmesh_sessions_active_total", "tokmesh_session_create_total", "tokmesh_token_validate_calls_total",
            "tokmesh_api_request_duration_seconds", "tokmesh_cluster_nodes_total", "tokmesh_cluster_nodes_parity", "tokmesh_shard_keys_count",
            "tokmesh_cpu_usage_ratio", "tokmesh_mem_usage_bytes", "tokmesh_cluster_quorum_lost", "tokmesh_mem_limit_bytes", "tokmesh_auth_cache_hits_total",
            "tokmesh_auth_cache_misses_total", "tokmesh_auth_cache_hit_rate", "tokmesh_auth_failures_total", "tokmesh_wal_flushes_total" })
            Assert.Contains(name, metrics.Types);
        Assert.Equal(9, metrics["tokmesh_raft_groups_led"]);
        Assert.Equal(0, metrics["tokmesh_raft_groups_without_leader"]);
        Assert.True(metrics["tokmesh_raft_elections_total"] >= 9);
        Assert.True(metrics["tokmesh_raft_leader_changes_total"] >= 9);
        Assert.True(metrics["tokmesh_raft_term_max"] >= 1);
        Assert.Equal(1, metrics["tokmesh_cluster_nodes_total{status=\"active\"}"]);
        Assert.Equal(0, metrics["tokmesh_cluster_nodes_parity"]);
        Assert.InRange(metrics["tokmesh_cpu_usage_ratio"], 0, 1);
    }

    [Fact]
    public async Task Counters_move_by_what_was_done()
    {
        await using var gateway = await TestGateway.StartAsync();
        var before = await ScrapeAsync(gateway);
        var (_, token) = await gateway.CreateAsync("counted");
        await gateway.ValidateAsync(token);
        await gateway.ValidateAsync("unknown-token");
        await gateway.PostAsync("/tokens/validate", gateway.Validator, "{}");
        await gateway.GetAsync("/cluster/status", null);
        await gateway.SendAsync("BREW", "/sessions", null, null);
        await Task.Delay(150);
        var after = await ScrapeAsync(gateway);
        Assert.Equal(1, Moved("tokmesh_session_create_total"));
        Assert.Equal(1, Moved("tokmesh_sessions_active_total"));
        Assert.Equal(1, Moved("tokmesh_token_validate_calls_total{result=\"valid\"}"));
        Assert.Equal(1, Moved("tokmesh_token_validate_calls_total{result=\"invalid\"}"));
        Assert.Equal(1, Moved("tokmesh_token_validate_calls_total{result=\"error\"}"));
        Assert.Equal(1, Moved("tokmesh_auth_failures_total{reason=\"missing\"}"));
        Assert.True(Moved("tokmesh_wal_flushes_total") >= 1);
        Assert.True(Moved("tokmesh_auth_cache_hits_total") >= 3);
        Assert.Equal(1, after["tokmesh_api_request_duration_seconds_count{method=\"POST\",path=\"/sessions\",status=\"201\"}"]);
        Assert.Equal(1, after["tokmesh_api_request_duration_seconds_count{method=\"POST\",path=\"/tokens/validate\",status=\"401\"}"]);
        Assert.Equal(1, after["tokmesh_api_request_duration_seconds_bucket{method=\"POST\",path=\"/sessions\",status=\"201\",le=\"+Inf\"}"]);
        Assert.Equal(1, after["tokmesh_api_request_duration_seconds_count{method=\"other\",path=\"/sessions\",status=\"405\"}"]);

        double Moved(string name) => after[name] - before.Samples.GetValueOrDefault(name);
    }

    [Fact]
    public async Task A_histograms_buckets_never_fall()
    {
        await _gateway.GetAsync("/health", null);
        var metrics = await ScrapeAsync(_gateway);
        var buckets = metrics.Samples.Where(s => s.Key.StartsWith("tokmesh_api_request_duration_seconds_bucket{method=\"GET\",path=\"/health\",status=\"200\"", StringComparison.Ordinal)).Select(s => s.Value).ToArray();
        Assert.Equal(10, buckets.Length);
        Assert.Equal(buckets.Order(), buckets);
        Assert.Equal(buckets[^1], metrics["tokmesh_api_request_duration_seconds_count{method=\"GET\",path=\"/health\",status=\"200\"}"]);
    }

    [Fact]
    public async Task Without_a_key_or_with_the_wrong_role_the_body_is_empty()
    {
        var none = await _gateway.GetAsync("/metrics", null);
        Assert.Equal((401, ""), (none.Status, none.Text));
        Assert.NotNull(none.Header("X-Request-ID"));
        var issuer = await _gateway.GetAsync("/metrics", _gateway.Issuer);
        Assert.Equal((403, ""), (issuer.Status, issuer.Text));
        Assert.Equal(200, (await _gateway.GetAsync("/metrics", _gateway.Admin)).Status);
    }

    [Fact]
    public async Task Without_authentication_anyone_reads_metrics()
    {
        await using var gateway = await TestGateway.StartAsync(new GatewayOptions { MetricsAuthentication = false });
        Assert.Equal(200, (await gateway.GetAsync("/metrics", null)).Status);
    }

    private static async Task<PrometheusText> ScrapeAsync(TestGateway gateway)
    {
        var answer = await gateway.GetAsync("/metrics", gateway.Metrics);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Header("Content-Type"));
        return new PrometheusText(answer.Text);
    }
}
