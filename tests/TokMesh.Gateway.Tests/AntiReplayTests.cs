using System.Globalization;
using TokMesh.Gateway.FrontEnd;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

[Collection(GatewayCollection.Name)]
public sealed class AntiReplayTests(SharedGateway shared)
{
    private const string Body = """{"user_id":"replayed"}""";
    private readonly TestGateway _gateway = shared.Gateway;

    [Fact]
    public async Task A_request_sent_again_is_refused()
    {
        var headers = Headers(0, "nonce-" + Guid.NewGuid());
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, Body, headers)).IsOk(201);
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, Body, headers)).Is(401, "TM-AUTH-4015");
        (await _gateway.PostAsync("/sessions", _gateway.Admin, Body, headers)).IsOk(201);
    }

    [Theory]
    [InlineData(-31_000)]
    [InlineData(31_000)]
    public async Task A_timestamp_outside_the_window_is_refused_before_the_nonce_is_used(int offsetMs)
    {
        var nonce = "nonce-" + Guid.NewGuid();
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, Body, Headers(offsetMs, nonce))).Is(401, "TM-AUTH-4014");
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, Body, Headers(0, nonce))).IsOk(201);
    }

    [Fact]
    public async Task Half_of_the_headers_or_a_bad_one_is_refused()
    {
        var (timestamp, nonce) = (Headers(0, "n")[0], Headers(0, "n")[1]);
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, Body, timestamp)).Is(400, "TM-ARG-1002");
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, Body, nonce)).Is(400, "TM-ARG-1002");
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, Body, ("X-Timestamp", "now"), nonce)).Is(400, "TM-ARG-1001");
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, Body, timestamp, ("X-Nonce", ""))).Is(400, "TM-ARG-1001");
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, Body, timestamp, ("X-Nonce", new string('n', 257)))).Is(400, "TM-ARG-1001");
    }

    [Fact]
    public async Task Of_many_equal_requests_at_once_one_is_let_in()
    {
        var headers = Headers(0, "nonce-" + Guid.NewGuid());
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => _gateway.PostAsync("/tokens/validate", _gateway.Validator, """{"token":"x"}""", headers)));
        Assert.Single(answers, a => a.Code == "TM-TOKN-4010");
        Assert.Equal(39, answers.Count(a => a.Code == "TM-AUTH-4015"));
    }

    [Fact]
    public async Task When_required_writes_need_the_headers_and_reads_and_validations_do_not()
    {
        await using var gateway = await TestGateway.StartAsync(new GatewayOptions { AntiReplay = new AntiReplayOptions { Required = true } });
        foreach (var path in new[] { "/sessions", "/sessions/tmss-01kcnxr35v2t8htzb9y878q677/renew", "/sessions/tmss-01kcnxr35v2t8htzb9y878q677/revoke", "/users/u/sessions/revoke", "/admin/v1/keys", "/keys/k" })
            (await gateway.PostAsync(path, gateway.Admin, "{}")).Is(400, "TM-ARG-1002");
        (await gateway.PostAsync("/sessions", gateway.Issuer, Body, Headers(0, "once"))).IsOk(201);
        (await gateway.PostAsync("/tokens/validate", gateway.Validator, """{"token":"x"}""")).Is(401, "TM-TOKN-4010");
        (await gateway.PostAsync("/sessions/tmss-01kcnxr35v2t8htzb9y878q677/touch", gateway.Validator, null)).Is(404, "TM-SESS-4040");
        (await gateway.GetAsync("/sessions", gateway.Admin)).IsOk();
    }

    [Fact]
    public async Task A_caller_without_the_role_does_not_use_up_a_nonce()
    {
        var headers = Headers(0, "nonce-" + Guid.NewGuid());
        (await _gateway.PostAsync("/sessions", _gateway.Validator, Body, headers)).Is(403, "TM-AUTH-4030");
        (await _gateway.PostAsync("/sessions", _gateway.Validator, Body, headers)).Is(403, "TM-AUTH-4030");
    }

    private static (string, string)[] Headers(int offsetMs, string nonce) =>
        [("X-Timestamp", (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + offsetMs).ToString(CultureInfo.InvariantCulture)), ("X-Nonce", nonce)];
}
