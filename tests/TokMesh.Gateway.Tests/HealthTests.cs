using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

public sealed class HealthTests
{
    [Fact]
    public async Task A_node_whose_disk_hangs_is_alive_and_not_ready_and_says_why()
    {
        await using var gateway = await TestGateway.StartAsync();
        Assert.Equal("healthy", (await gateway.GetAsync("/health", null)).IsOk().GetProperty("status").GetString());
        Assert.Empty((await gateway.GetAsync("/ready", null)).IsOk().GetProperty("reasons").EnumerateArray());
        gateway.FrontEnd.Node.Health.Raise(HealthCode.DiskHung, detail: "fdatasync for 3 s");

        var health = (await gateway.GetAsync("/health", null)).IsOk();
        Assert.Equal(("degraded", "TM-HLTH-4001"), (health.GetProperty("status").GetString(), Assert.Single(health.GetProperty("codes").EnumerateArray()).GetString()));
        var ready = await gateway.GetAsync("/ready", null);
        ready.Is(503, "TM-SYS-5030");
        Assert.Equal("TM-HLTH-4001", Assert.Single(ready.Details.GetProperty("reasons").EnumerateArray()).GetString());
        var metrics = new PrometheusText((await gateway.GetAsync("/metrics", gateway.Metrics)).Text);
        Assert.Equal((1, 0, 2), (metrics["tokmesh_health_condition{code=\"TM-HLTH-4001\",severity=\"critical\"}"],
            metrics["tokmesh_health_condition{code=\"TM-HLTH-4002\",severity=\"warning\"}"], metrics["tokmesh_disk_state"]));

        gateway.FrontEnd.Node.Health.Clear(HealthCode.DiskHung);
        await UntilAsync(async () => (await gateway.GetAsync("/ready", null)).Status == 200);
        Assert.Equal("healthy", (await gateway.GetAsync("/health", null)).IsOk().GetProperty("status").GetString());
        Assert.Equal(0, new PrometheusText((await gateway.GetAsync("/metrics", gateway.Metrics)).Text)["tokmesh_disk_state"]);
    }

    [Fact]
    public async Task The_status_shows_every_condition_with_what_to_do()
    {
        await using var gateway = await TestGateway.StartAsync();
        var before = gateway.FrontEnd.Clock.WallMs;
        await UntilAsync(async () => !(await gateway.GetAsync("/cluster/status", gateway.Admin)).IsOk().GetProperty("conditions").EnumerateArray().Any());
        gateway.FrontEnd.Node.Health.Raise(HealthCode.AcknowledgedLost, new MemberId(1), group: 4, detail: "entry 12 of term 3");

        var status = (await gateway.GetAsync("/cluster/status", gateway.Metrics)).IsOk();
        Assert.Equal("CRITICAL", status.GetProperty("health").GetString());
        var condition = Assert.Single(status.GetProperty("conditions").EnumerateArray());
        Assert.Equal(("TM-HLTH-2006", "critical", 1), (condition.GetProperty("code").GetString(), condition.GetProperty("severity").GetString(), condition.GetProperty("groups").GetInt32()));
        Assert.Equal((1, "tmnd-test-1"), (condition.GetProperty("node").GetProperty("number").GetInt32(), condition.GetProperty("node").GetProperty("node_id").GetString()));
        Assert.Equal((4, 1), (condition.GetProperty("examples")[0].GetInt32(), condition.GetProperty("reported_by")[0].GetInt32()));
        Assert.InRange(condition.GetProperty("since").GetInt64(), before, gateway.FrontEnd.Clock.WallMs);
        Assert.Equal("Node tmnd-test-1 lacks what it had acknowledged in 1 group (shard 3) (entry 12 of term 3): stop it and put back the data directory it last ran with; do not stop another node meanwhile.",
            condition.GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_warning_degrades_and_a_wrong_clock_keeps_no_node_from_being_ready()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.FrontEnd.Node.Health.Raise(HealthCode.ClockDistrusted);
        Assert.Equal("DEGRADED", (await gateway.GetAsync("/cluster/status", gateway.Admin)).IsOk().GetProperty("health").GetString());
        (await gateway.GetAsync("/ready", null)).IsOk();
        Assert.Equal("degraded", (await gateway.GetAsync("/health", null)).IsOk().GetProperty("status").GetString());
    }

    [Fact]
    public async Task Members_that_are_not_heard_are_shown_and_a_node_without_leaders_says_so_at_once()
    {
        await using var gateway = await TestGateway.StartAsync(initialNodes: 3, withKeys: false);
        var reasons = (await gateway.GetAsync("/ready", null)).Details.GetProperty("reasons").EnumerateArray().Select(r => r.GetString()).ToArray();
        Assert.Contains("TM-HLTH-1004", reasons);
        Assert.True(reasons.Contains("TM-HLTH-2001") || reasons.Contains("TM-HLTH-2002"), string.Join(' ', reasons));
        await UntilAsync(() => Task.FromResult(gateway.FrontEnd.Node.Health.Own.Any(c => c.Code == HealthCode.MajorityLost)));
        Assert.Contains("TM-HLTH-2002", (await gateway.GetAsync("/ready", null)).Details.GetProperty("reasons").EnumerateArray().Select(r => r.GetString()));
        Assert.All(gateway.FrontEnd.Node.Health.Cluster().Reports, r => Assert.True(r is { IsStale: true, AgeMs: null }));
    }

    [Theory]
    [InlineData(true, "10.0.0.2:1 10.0.0.2:2 10.0.0.2:3")]
    [InlineData(false, "127.0.0.1:2 127.0.0.1:12 127.0.0.1:22")]
    public async Task Members_are_shown_with_the_addresses_they_last_introduced_themselves_with(bool introduced, string other)
    {
        await using var gateway = await TestGateway.StartAsync(initialNodes: 2, membership: new Moved(introduced));
        var members = (await gateway.GetAsync("/cluster/members", gateway.Admin)).IsOk().GetProperty("members").EnumerateArray()
            .Select(m => string.Join(' ', m.GetProperty("peer").GetString(), m.GetProperty("http").GetString(), m.GetProperty("redis").GetString()));
        Assert.Equal(["10.0.0.1:1 10.0.0.1:2 10.0.0.1:3", other], members);
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var i = 0; i < 400; i++)
        {
            if (await holds()) return;
            await Task.Delay(50);
        }
        Assert.Fail("After 20 s it still does not hold.");
    }

    private sealed class Moved(bool introduced) : IMembership
    {
        public Candidate? Self => At(1);

        public IReadOnlyList<NodeLiveness> Observed => [new(new MemberId(2), Liveness.Alive, 7, 0, introduced ? At(2) : null)];

        private static Candidate At(int n) => new($"tmnd-test-{n}", Guid.Empty, $"10.0.0.{n}:1", $"10.0.0.{n}:2", $"10.0.0.{n}:3");
    }
}
