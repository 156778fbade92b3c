using System.Text;
using Microsoft.AspNetCore.Http;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Transport;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Requests;
using TokMesh.Raft.Log;
using TokMesh.State.Errors;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

[Collection(GatewayCollection.Name)]
public sealed class ClusterTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    [Fact]
    public async Task Health_and_readiness_need_no_key()
    {
        Assert.Equal("healthy", (await _gateway.GetAsync("/health", null)).IsOk().GetProperty("status").GetString());
        var ready = (await _gateway.GetAsync("/ready", null)).IsOk();
        Assert.Equal("ready", ready.GetProperty("status").GetString());
        Assert.All(ready.GetProperty("checks").EnumerateObject(), c => Assert.Equal("ok", c.Value.GetString()));
    }

    [Fact]
    public async Task A_node_without_a_leader_is_alive_and_not_ready()
    {
        await using var gateway = await TestGateway.StartAsync(initialNodes: 3, withKeys: false);
        (await gateway.GetAsync("/health", null)).IsOk();
        var answer = await gateway.GetAsync("/ready", null);
        answer.Is(503, "TM-SYS-5030");
        var checks = answer.Details.GetProperty("checks");
        Assert.Equal("ok", checks.GetProperty("storage").GetString());
        Assert.NotEqual("ok", checks.GetProperty("cluster").GetString());
        Assert.NotEqual("ok", checks.GetProperty("keys").GetString());
        // Nobody can be judged by a node that may know no keys: that is no failed authentication.
        var refused = await gateway.GetAsync("/cluster/status", "tmak-01kcnxr35w74x1hx85s8rp3pje:tmas_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf");
        refused.Is(503, "TM-SYS-5030");
        Assert.Equal("not_executed", refused.Details.GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task A_node_that_stops_is_not_ready()
    {
        await using var gateway = await TestGateway.StartAsync(isStopping: true);
        Assert.Contains("shutting down", (await gateway.GetAsync("/ready", null)).Is(503, "TM-SYS-5030").Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_status_names_the_cluster_and_its_leaders()
    {
        var status = (await _gateway.GetAsync("/cluster/status", _gateway.Metrics)).IsOk();
        Assert.Equal(_gateway.FrontEnd.Node.Bootstrap.ClusterId, status.GetProperty("cluster_id").GetGuid());
        Assert.Equal("tmnd-test-1", status.GetProperty("node_id").GetString());
        Assert.Equal("tmnd-test-1", status.GetProperty("meta_leader").GetProperty("node_id").GetString());
        Assert.Equal("OK", status.GetProperty("health").GetString());
        Assert.Equal(8, status.GetProperty("shard_count").GetInt32());
        Assert.Equal(9, status.GetProperty("this_node").GetProperty("leads").GetInt32());
        Assert.Equal(0, status.GetProperty("this_node").GetProperty("without_leader").GetInt32());
        Assert.Empty(status.GetProperty("warnings").EnumerateArray());
    }

    [Fact]
    public async Task Members_are_shown_with_their_addresses_and_what_they_lead()
    {
        var member = Assert.Single((await _gateway.GetAsync("/cluster/members", _gateway.Validator)).IsOk().GetProperty("members").EnumerateArray());
        Assert.Equal(("tmnd-test-1", "127.0.0.1:1", "127.0.0.1:11", "127.0.0.1:21", "alive", 9), (member.GetProperty("node_id").GetString(),
            member.GetProperty("peer").GetString(), member.GetProperty("http").GetString(), member.GetProperty("redis").GetString(),
            member.GetProperty("liveness").GetString(), member.GetProperty("leads").GetInt32()));
        Assert.True(member.GetProperty("is_meta_leader").GetBoolean());
    }

    [Fact]
    public async Task Shards_are_shown_with_their_indexes_and_with_digests_on_demand()
    {
        var plain = (await _gateway.GetAsync("/cluster/shards", _gateway.Admin)).IsOk();
        Assert.True(plain.GetProperty("complete").GetBoolean());
        Assert.Equal(Enumerable.Range(0, 9), plain.GetProperty("replicas").EnumerateArray().Select(r => r.GetProperty("group").GetInt32()));
        Assert.All(plain.GetProperty("replicas").EnumerateArray(), r =>
        {
            Assert.Equal("leader", r.GetProperty("role").GetString());
            Assert.True(r.GetProperty("applied_index").GetUInt64() > 0);
            Assert.False(r.TryGetProperty("digest", out _));
        });
        var withDigests = (await _gateway.GetAsync("/cluster/shards?digest=true", _gateway.Admin)).IsOk();
        Assert.All(withDigests.GetProperty("replicas").EnumerateArray(), r => Assert.Matches("^[0-9a-f]{16}$", r.GetProperty("digest").GetString()!));
        (await _gateway.GetAsync("/cluster/shards?digest=maybe", _gateway.Admin)).Is(400, "TM-ARG-1001");
    }

    [Fact]
    public async Task A_shard_that_cannot_be_reached_is_503_and_says_that_nothing_happened()
    {
        // Of two nodes one runs: it is meta's only voter, and half of the shards are the other's.
        await using var gateway = await TestGateway.StartAsync(new GatewayOptions { DeadlineMs = 400 }, initialNodes: 2);
        var answers = new List<Answer>();
        for (var i = 0; i < 16; i++) answers.Add(await gateway.PostAsync("/sessions", gateway.Issuer, $$"""{"user_id":"u{{i}}"}"""));
        Assert.Contains(answers, a => a.Status == 201);
        var failed = answers.First(a => a.Status != 201);
        failed.Is(503, "TM-CLST-5030");
        Assert.Equal("not_executed", failed.Details.GetProperty("outcome").GetString());
        var status = (await gateway.GetAsync("/cluster/status", gateway.Admin)).IsOk();
        Assert.Equal("DEGRADED", status.GetProperty("health").GetString());
        Assert.Contains("even number of nodes (2)", status.GetProperty("warnings")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(2, (await gateway.GetAsync("/cluster/members", gateway.Admin)).IsOk().GetProperty("members").GetArrayLength());
        (await gateway.GetAsync("/sessions", gateway.Admin)).Is(503, "TM-CLST-5030");
    }

    [Fact]
    public async Task A_member_the_engine_has_lost_is_shown_dead_and_counted_down()
    {
        await using var gateway = await TestGateway.StartAsync(initialNodes: 2, membership: new OneDead());
        var lost = (await gateway.GetAsync("/cluster/members", gateway.Admin)).IsOk().GetProperty("members")[1];
        Assert.Equal(("dead", 7L, 12.5), (lost.GetProperty("liveness").GetString(), lost.GetProperty("since").GetInt64(), lost.GetProperty("clock_offset_ms").GetDouble()));
        Assert.Equal(1, (await gateway.GetAsync("/cluster/status", gateway.Admin)).IsOk().GetProperty("nodes_down").GetInt32());
        var metrics = new PrometheusText((await gateway.GetAsync("/metrics", gateway.Metrics)).Text);
        Assert.Equal((1, 1, 1), (metrics["tokmesh_cluster_nodes_total{status=\"down\"}"], metrics["tokmesh_cluster_nodes_total{status=\"active\"}"], metrics["tokmesh_cluster_nodes_parity"]));
    }

    [Theory]
    [InlineData(CallOutcome.Unknown, ErrorCode.ClusterTimeout, 504, "TM-CLST-5040", "unknown")]
    [InlineData(CallOutcome.Failed, ErrorCode.ClusterNoNode, 503, "TM-CLST-5030", "not_executed")]
    [InlineData(CallOutcome.Failed, ErrorCode.SysTooManyRequests, 429, "TM-SYS-4290", "not_executed")]
    [InlineData(CallOutcome.Failed, ErrorCode.SysInternal, 500, "TM-SYS-5000", "not_executed")]
    [InlineData(CallOutcome.Failed, ErrorCode.TokenConflict, 409, "TM-TOKN-4090", null)]
    [InlineData(CallOutcome.Answered, ErrorCode.Superseded, 503, "TM-SYS-5030", "not_executed")]
    [InlineData(CallOutcome.Answered, ErrorCode.ReplyForgotten, 504, "TM-CLST-5040", "executed")]
    [InlineData(CallOutcome.Answered, ErrorCode.SessionVersionConflict, 409, "TM-SESS-4091", null)]
    public async Task A_call_that_was_not_answered_says_whether_it_may_have_happened(CallOutcome outcome, ErrorCode error, int status, string code, string? said)
    {
        var http = new DefaultHttpContext();
        using var body = new MemoryStream();
        http.Response.Body = body;
        http.RequestServices = _gateway.Services;
        var refusal = Refusal.Of(new StoreReply(outcome, error, "", default));
        await refusal!.ExecuteAsync(http);
        await http.Response.BodyWriter.FlushAsync();
        var json = System.Text.Json.JsonDocument.Parse(Encoding.UTF8.GetString(body.ToArray())).RootElement;
        Assert.Equal((status, code), (http.Response.StatusCode, json.GetProperty("code").GetString()));
        Assert.Equal(said, json.TryGetProperty("details", out var details) ? details.GetProperty("outcome").GetString() : null);
        Assert.Equal(status == 429 ? "1" : "", http.Response.Headers.RetryAfter.ToString());
    }

    [Fact]
    public void Options_out_of_range_are_reported_all_at_once()
    {
        var problems = new GatewayOptions { MaxBodyBytes = 0, DeadlineMs = 0, TrustedProxies = ["here"], AntiReplay = new AntiReplayOptions { NonceTtlSeconds = 1 } }.Problems();
        Assert.Equal(4, problems.Count);
    }

    private sealed class OneDead : IMembership
    {
        public IReadOnlyList<NodeLiveness> Observed => [new NodeLiveness(new MemberId(2), Liveness.Dead, 7, 12.5)];
    }
}
