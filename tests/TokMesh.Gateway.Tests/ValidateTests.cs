using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

[Collection(GatewayCollection.Name)]
public sealed class ValidateTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    [Fact]
    public async Task A_valid_token_shows_its_whole_session()
    {
        var (id, token) = await _gateway.CreateAsync("valid");
        var data = (await _gateway.ValidateAsync(token)).IsOk();
        Assert.True(data.GetProperty("valid").GetBoolean());
        Assert.Equal(id, data.GetProperty("session").GetProperty("id").GetString());
        Assert.Equal(13, data.GetProperty("session").EnumerateObject().Count());
    }

    [Fact]
    public async Task An_unknown_token_is_4010_and_says_that_it_is_not_valid()
    {
        var answer = await _gateway.ValidateAsync("tmtk_" + new string('A', 43));
        answer.Is(401, "TM-TOKN-4010");
        Assert.False(answer.Details.GetProperty("valid").GetBoolean());
    }

    [Fact]
    public async Task A_malformed_token_is_4000_and_a_missing_one_an_argument()
    {
        var answer = await _gateway.ValidateAsync("tmtk_short");
        answer.Is(400, "TM-TOKN-4000");
        Assert.False(answer.Details.GetProperty("valid").GetBoolean());
        (await _gateway.PostAsync("/tokens/validate", _gateway.Validator, "{}")).Is(400, "TM-ARG-1002");
        (await _gateway.PostAsync("/tokens/validate", _gateway.Validator, null)).Is(400, "TM-SYS-4000");
    }

    [Fact]
    public async Task A_session_of_one_second_is_expired_after_one_and_a_half()
    {
        await using var gateway = await TestGateway.StartAsync();
        var (id, token) = await gateway.CreateAsync("short", ",\"ttl_seconds\":1");
        gateway.Clock.Advance(1500);
        (await gateway.ValidateAsync(token)).Is(401, "TM-TOKN-4011");
        (await gateway.GetAsync("/sessions/" + id, gateway.Validator)).Is(404, "TM-SESS-4041");
        (await gateway.PostAsync($"/sessions/{id}/renew", gateway.Issuer, """{"ttl_seconds":60}""")).Is(404, "TM-SESS-4041");
        (await gateway.PostAsync($"/sessions/{id}/touch", gateway.Issuer, null)).Is(404, "TM-SESS-4041");
    }

    [Fact]
    public async Task Only_a_validation_that_touches_moves_the_last_access()
    {
        var (id, token) = await _gateway.CreateAsync("access", "", ("User-Agent", "First/1"));
        await _gateway.NextMillisecondAsync();
        await _gateway.PostAsync("/tokens/validate", _gateway.Validator, $$"""{"token":"{{token}}"}""", ("User-Agent", "Second/1"));
        var before = (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).Data;
        Assert.Equal("First/1", before.GetProperty("last_access_ua").GetString());
        await _gateway.PostAsync("/tokens/validate", _gateway.Validator, $$"""{"token":"{{token}}","touch":true}""", ("User-Agent", "Second/1"));
        var after = (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).Data;
        Assert.Equal("Second/1", after.GetProperty("last_access_ua").GetString());
        Assert.Equal("First/1", after.GetProperty("user_agent").GetString());
        Assert.True(after.GetProperty("last_active").GetInt64() > before.GetProperty("last_active").GetInt64());
    }

    [Theory]
    [InlineData("linearizable")]
    [InlineData("bounded;max-ms=500")]
    [InlineData("local")]
    public async Task Every_consistency_level_answers(string level)
    {
        var (id, token) = await _gateway.CreateAsync("level");
        (await _gateway.PostAsync("/tokens/validate", _gateway.Validator, $$"""{"token":"{{token}}"}""", ("X-TokMesh-Consistency", level))).IsOk();
        (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator, ("X-TokMesh-Consistency", level))).IsOk();
    }

    [Theory]
    [InlineData("eventual")]
    [InlineData("bounded")]
    [InlineData("bounded;max-ms=0")]
    [InlineData("bounded;max-ms=-1")]
    [InlineData("Linearizable")]
    public async Task Another_consistency_level_is_refused_with_the_allowed_forms(string level)
    {
        var answer = await _gateway.PostAsync("/tokens/validate", _gateway.Validator, """{"token":"x"}""", ("X-TokMesh-Consistency", level));
        answer.Is(400, "TM-ARG-1001");
        Assert.Contains("bounded;max-ms=", answer.Message, StringComparison.Ordinal);
    }
}
