using System.Net;

namespace TokMesh.Client.Tests;

/// <summary>When a call is made again, and when it must not be.</summary>
public sealed class RepetitionTests
{
    private const string Created = """{"session_id":"tmss-1","token":"tmtk_1","expires_at":1}""";
    private const string Value = """{"value":"x","version":3,"expires_at":0}""";
    private static readonly NewSession Alice = new() { UserId = "alice" };

    [Fact]
    public async Task A_read_is_repeated_after_anything()
    {
        var script = new Script(Script.NeverConnected, Script.SlowToConnect, Script.Lost, Script.NotExecuted(), Script.Unknown(), Script.Ok(Value));
        using var client = script.Client(endpoints: 3);
        Assert.Equal(3UL, (await client.Keys.GetAsync("k"))!.Version);
        Assert.Equal(6, script.Requests.Count);
    }

    [Fact]
    public async Task A_create_is_repeated_when_nothing_happened()
    {
        var script = new Script(Script.NeverConnected, Script.SlowToConnect, Script.NotExecuted(), Script.Refused(429, "TM-SYS-4290"), Script.Ok(Created));
        using var client = script.Client(endpoints: 2);
        Assert.Equal("tmtk_1", (await client.Sessions.CreateAsync(Alice)).Token);
        Assert.Equal(5, script.Requests.Count);
    }

    public static TheoryData<string> MayHaveHappened() => ["lost", "unknown", "executed", "gateway", "garbled", "internal"];

    [Theory]
    [MemberData(nameof(MayHaveHappened))]
    public async Task A_create_that_may_have_happened_is_not_repeated_and_says_so(string how)
    {
        var script = new Script(StepOf(how), Script.Ok(Created));
        using var client = script.Client(endpoints: 2);
        var e = await Assert.ThrowsAsync<TokMeshException>(() => client.Sessions.CreateAsync(Alice));
        Assert.Equal(TokMeshOutcome.Unknown, e.Outcome);
        Assert.Single(script.Requests);
    }

    [Fact]
    public async Task No_write_of_a_key_and_no_renewal_is_repeated_after_a_lost_answer()
    {
        (string Name, Func<ITokMeshClient, Task> Call)[] calls =
        [
            ("set", c => c.Keys.SetAsync("k", new byte[1])),
            ("conditional set", c => c.Keys.SetAsync("k", new byte[1], ifVersion: 3)),
            ("delete", c => c.Keys.DeleteAsync("k")),
            ("conditional delete", c => c.Keys.DeleteAsync("k", 3)),
            ("renew", c => c.Sessions.RenewAsync("tmss-1", TimeSpan.FromHours(1))),
        ];
        foreach (var (name, call) in calls)
        {
            var script = new Script(Script.Lost);
            using var client = script.Client(endpoints: 2);
            var e = await Assert.ThrowsAsync<TokMeshException>(() => call(client));
            Assert.True(e.Outcome == TokMeshOutcome.Unknown, name);
        }
    }

    [Theory]
    [MemberData(nameof(MayHaveHappened))]
    public async Task A_revocation_is_repeated_until_it_is_certain(string how)
    {
        var script = new Script(StepOf(how), Script.Ok("""{"revoked_count":2}"""));
        using var client = script.Client(endpoints: 2);
        Assert.Equal(2, await client.Sessions.RevokeUserAsync("alice"));
        Assert.Equal(2, script.Requests.Count);
    }

    [Fact]
    public async Task What_was_refused_after_an_attempt_that_may_have_happened_is_not_called_refused()
    {
        var script = new Script(Script.Lost, Script.Refused(403, "TM-AUTH-4030"));
        using var client = script.Client();
        var e = await Assert.ThrowsAsync<TokMeshException>(() => client.Sessions.RevokeAsync("tmss-1"));
        Assert.Equal(("TM-AUTH-4030", TokMeshOutcome.Unknown), (e.Code, e.Outcome));
    }

    [Fact]
    public async Task A_refusal_is_not_repeated()
    {
        var script = new Script(Script.Refused(429, "TM-SESS-4002"));
        using var client = script.Client(endpoints: 2);
        var e = await Assert.ThrowsAsync<TokMeshException>(() => client.Sessions.CreateAsync(Alice));
        Assert.Equal((TokMeshErrorCode.SessionQuotaExceeded, TokMeshOutcome.Refused, "why"), (e.Code, e.Outcome, e.Detail));
    }

    [Fact]
    public async Task The_next_attempt_goes_to_another_endpoint()
    {
        var script = new Script(Script.NeverConnected, Script.NeverConnected, Script.Ok(Value));
        using var client = script.Client(endpoints: 3);
        await client.Keys.GetAsync("k");
        Assert.Equal(3, script.Requests.Select(r => r.Address.Host).Distinct().Count());
    }

    [Fact]
    public async Task An_endpoint_that_did_not_answer_is_passed_over_for_a_moment()
    {
        var script = new Script([Script.NeverConnected, .. Enumerable.Repeat(Script.Ok(Value), 9)]);
        using var client = script.Client(endpoints: 2);
        for (var n = 0; n < 9; n++) await client.Keys.GetAsync("k");
        var failed = script.Requests[0].Address.Host;
        Assert.DoesNotContain(script.Requests.Skip(1), r => r.Address.Host == failed);
    }

    [Fact]
    public async Task A_silent_server_ends_a_read_at_its_deadline_and_nothing_has_happened()
    {
        var script = new Script(Script.Silent);
        using var client = script.Client();
        var e = await Assert.ThrowsAsync<TokMeshException>(() => client.Keys.GetAsync("k", new CallOptions { Deadline = TimeSpan.FromMilliseconds(50) }));
        Assert.Equal((TokMeshErrorCode.Timeout, TokMeshOutcome.NotExecuted), (e.Code, e.Outcome));
    }

    [Fact]
    public async Task A_silent_server_leaves_it_open_whether_a_write_happened()
    {
        var script = new Script(Script.Silent);
        using var client = script.Client(configure: o => o.Deadline = TimeSpan.FromMilliseconds(50));
        var e = await Assert.ThrowsAsync<TokMeshException>(() => client.Keys.SetAsync("k", new byte[1]));
        Assert.Equal((TokMeshErrorCode.Timeout, TokMeshOutcome.Unknown), (e.Code, e.Outcome));
    }

    [Fact]
    public async Task A_read_leaves_a_silent_server_for_another_one()
    {
        var script = new Script(Script.Silent, Script.Ok(Value));
        using var client = script.Client(endpoints: 2, o => o.AttemptTimeout = TimeSpan.FromMilliseconds(50));
        Assert.NotNull(await client.Keys.GetAsync("k"));
    }

    [Fact]
    public async Task A_cluster_that_nobody_can_reach_ends_a_write_at_its_deadline_as_not_executed()
    {
        var script = new Script([.. Enumerable.Repeat<Func<CancellationToken, Task<HttpResponseMessage>>>(Script.NeverConnected, 1000)]);
        using var client = script.Client(endpoints: 2, o => o.Deadline = TimeSpan.FromMilliseconds(100));
        var e = await Assert.ThrowsAsync<TokMeshException>(() => client.Keys.SetAsync("k", new byte[1]));
        Assert.Equal((TokMeshErrorCode.NoNode, TokMeshOutcome.NotExecuted), (e.Code, e.Outcome));
        Assert.InRange(script.Requests.Count, 1, 50);
    }

    [Fact]
    public async Task A_caller_who_gives_up_gets_his_own_cancellation()
    {
        using var cancel = new CancellationTokenSource();
        var script = new Script(async token =>
        {
            await cancel.CancelAsync();
            return await Script.Silent(token);
        });
        using var client = script.Client();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Keys.GetAsync("k", cancel: cancel.Token));
    }

    [Fact]
    public async Task A_caller_who_gives_up_does_not_make_an_endpoint_look_down()
    {
        using var cancel = new CancellationTokenSource();
        var script = new Script(
        [
            async token =>
            {
                await cancel.CancelAsync();
                return await Script.Silent(token);
            },
            .. Enumerable.Repeat(Script.Ok(Value), 2),
        ]);
        using var client = script.Client(endpoints: 2);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Keys.GetAsync("k", cancel: cancel.Token));
        for (var n = 0; n < 2; n++) await client.Keys.GetAsync("k");
        Assert.Contains(script.Requests.Skip(1), r => r.Address.Host == script.Requests[0].Address.Host);
    }

    private static Func<CancellationToken, Task<HttpResponseMessage>> StepOf(string how) => how switch
    {
        "lost" => Script.Lost,
        "unknown" => Script.Unknown(),
        "executed" => Script.Refused(504, "TM-CLST-5040", """{"outcome":"executed"}"""),
        "gateway" => Script.Answer(HttpStatusCode.BadGateway, "<html>no</html>", "text/html"),
        "garbled" => Script.Answer(HttpStatusCode.OK, """{"code":"OK","data":{}}"""),
        _ => Script.Refused(500, "TM-SYS-5000"),
    };
}
