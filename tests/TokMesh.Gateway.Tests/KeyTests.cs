using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

[Collection(GatewayCollection.Name)]
public sealed class KeyTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    [Fact]
    public async Task A_value_comes_back_with_the_version_its_write_gave()
    {
        var version = await SetAsync("plain", """{"value":"grüße\n\"x\""}""");
        var read = (await _gateway.GetAsync("/keys/plain", _gateway.Issuer)).IsOk();
        Assert.Equal("grüße\n\"x\"", read.GetProperty("value").GetString());
        Assert.Equal(version, read.GetProperty("version").GetUInt64());
        Assert.Equal(0, read.GetProperty("expires_at").GetInt64());
        Assert.True(await SetAsync("plain", """{"value":""}""") > version);
        Assert.Equal("", (await _gateway.GetAsync("/keys/plain", _gateway.Issuer)).IsOk().GetProperty("value").GetString());
    }

    [Fact]
    public async Task An_absent_key_is_404_with_version_zero()
    {
        var answer = await _gateway.GetAsync("/keys/absent", _gateway.Issuer);
        answer.Is(404, "TM-KEYS-4040");
        Assert.Equal(0, answer.Details.GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task A_write_on_a_condition_happens_only_at_that_version()
    {
        var first = await SetAsync("cas", """{"value":"1","if_version":0}""");
        var again = await _gateway.PostAsync("/keys/cas", _gateway.Issuer, """{"value":"2","if_version":0}""");
        again.Is(409, "TM-KEYS-4091");
        Assert.Equal(first, again.Details.GetProperty("version").GetUInt64());
        await SetAsync("cas", $$"""{"value":"2","if_version":{{first}}}""");
        (await _gateway.PostAsync("/keys/cas", _gateway.Issuer, $$"""{"value":"3","if_version":{{first}}}""")).Is(409, "TM-KEYS-4091");
        Assert.Equal("2", (await _gateway.GetAsync("/keys/cas", _gateway.Issuer)).IsOk().GetProperty("value").GetString());
    }

    [Fact]
    public async Task Of_many_writers_on_one_version_one_wins()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => _gateway.PostAsync("/keys/cas-race", _gateway.Issuer, $$"""{"value":"{{i}}","if_version":0}""")));
        Assert.Single(answers, a => a.Status == 200);
        Assert.Equal(49, answers.Count(a => a.Status == 409));
    }

    [Fact]
    public async Task A_key_lives_as_long_as_it_was_given()
    {
        await using var gateway = await TestGateway.StartAsync();
        (await gateway.PostAsync("/keys/ttl", gateway.Issuer, """{"value":"x","ttl_seconds":1}""")).IsOk();
        var expires = (await gateway.GetAsync("/keys/ttl", gateway.Issuer)).IsOk().GetProperty("expires_at").GetInt64();
        Assert.InRange(expires - gateway.Clock.WallMs, 1, 1000);
        gateway.Clock.Advance(1100);
        (await gateway.GetAsync("/keys/ttl", gateway.Issuer)).Is(404, "TM-KEYS-4040");
    }

    [Fact]
    public async Task A_delete_says_whether_there_was_something_and_may_have_a_condition()
    {
        var version = await SetAsync("gone", """{"value":"x"}""");
        (await _gateway.PostAsync("/keys/gone/delete", _gateway.Issuer, $$"""{"if_version":{{version + 1}}}""")).Is(409, "TM-KEYS-4091");
        var deleted = (await _gateway.PostAsync("/keys/gone/delete", _gateway.Issuer, $$"""{"if_version":{{version}}}""")).IsOk();
        Assert.True(deleted.GetProperty("deleted").GetBoolean());
        Assert.Equal(0, deleted.GetProperty("version").GetInt32());
        (await _gateway.GetAsync("/keys/gone", _gateway.Issuer)).Is(404, "TM-KEYS-4040");
        Assert.False((await _gateway.PostAsync("/keys/gone/delete", _gateway.Issuer, null)).IsOk().GetProperty("deleted").GetBoolean());
        await SetAsync("gone", """{"value":"y","if_version":0}""");
        Assert.True((await _gateway.PostAsync("/keys/gone/delete", _gateway.Issuer, "{}")).IsOk().GetProperty("deleted").GetBoolean());
    }

    [Fact]
    public async Task Bytes_that_are_not_text_travel_in_base64()
    {
        await SetAsync("binary", """{"value_base64":"/wD+"}""");
        var read = (await _gateway.GetAsync("/keys/binary", _gateway.Issuer)).IsOk();
        Assert.Equal("/wD+", read.GetProperty("value_base64").GetString());
        Assert.False(read.TryGetProperty("value", out _));
        await SetAsync("binary", """{"value_base64":"aGk="}""");
        Assert.Equal("hi", (await _gateway.GetAsync("/keys/binary", _gateway.Issuer)).IsOk().GetProperty("value").GetString());
    }

    [Fact]
    public async Task A_name_in_the_path_is_any_bytes_decoded_once()
    {
        foreach (var (encoded, value) in new[] { ("a%2Fb", "1"), ("a%252Fb", "2"), ("%FF%01", "3"), ("a+b", "4"), ("%E2%82%AC", "5"), ("a%20b", "6"), ("{tag}x", "7") })
            await SetAsync(encoded, $$"""{"value":"{{value}}"}""");
        Assert.Equal("1", (await _gateway.GetAsync("/keys/a%2Fb", _gateway.Issuer)).IsOk().GetProperty("value").GetString());
        Assert.Equal("2", (await _gateway.GetAsync("/keys/a%252Fb", _gateway.Issuer)).IsOk().GetProperty("value").GetString());
        Assert.Equal("3", (await _gateway.GetAsync("/keys/%FF%01", _gateway.Issuer)).IsOk().GetProperty("value").GetString());
        Assert.Equal("5", (await _gateway.GetAsync("/keys/€", _gateway.Issuer)).IsOk().GetProperty("value").GetString());
        (await _gateway.GetAsync("/keys/a/b", _gateway.Issuer)).Is(404, "TM-SYS-4000");
    }

    [Fact]
    public async Task A_value_of_three_mebibytes_goes_in_and_out()
    {
        var value = new string('v', 3 << 20);
        await SetAsync("large", $$"""{"value":"{{value}}"}""");
        Assert.Equal(value, (await _gateway.GetAsync("/keys/large", _gateway.Issuer)).IsOk().GetProperty("value").GetString());
        await _gateway.PostAsync("/keys/large/delete", _gateway.Issuer, null);
    }

    [Theory]
    [InlineData("{}", "TM-ARG-1002")]
    [InlineData("""{"value":"x","value_base64":"eA=="}""", "TM-ARG-1003")]
    [InlineData("""{"value_base64":"?"}""", "TM-ARG-1001")]
    [InlineData("""{"value":1}""", "TM-SYS-4000")]
    [InlineData("""{"value":"x","if_version":-1}""", "TM-SYS-4000")]
    [InlineData("""{"value":"x","ttl_seconds":0}""", "TM-KEYS-4006")]
    [InlineData("""{"value":"x","ttl_seconds":9223372036854775807}""", "TM-KEYS-4006")]
    public async Task A_write_that_breaks_a_rule_says_which(string body, string code) => (await _gateway.PostAsync("/keys/bad", _gateway.Issuer, body)).Is(400, code);

    [Fact]
    public async Task A_value_over_16_mebibytes_is_too_long() =>
        (await _gateway.PostAsync("/keys/huge", _gateway.Issuer, $$"""{"value":"{{new string('v', (16 << 20) + 1)}}"}""")).Is(400, "TM-KEYS-4007");

    [Fact]
    public async Task Names_of_sessions_are_not_plain_keys()
    {
        (await _gateway.GetAsync("/keys/tmss-01kcnxr35v2t8htzb9y878q677", _gateway.Issuer)).Is(400, "TM-ARG-1001");
        (await _gateway.PostAsync("/keys/tmss-x", _gateway.Issuer, """{"value":"x"}""")).Is(400, "TM-ARG-1001");
    }

    [Fact]
    public async Task Dot_segments_do_not_lead_elsewhere()
    {
        await SetAsync("dots", """{"value":"x"}""");
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(_gateway.Address.Host, _gateway.Address.Port);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET /keys/other/../dots HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {_gateway.Issuer}\r\n\r\n"));
        using var reader = new StreamReader(stream);
        Assert.StartsWith("HTTP/1.1 400", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private async Task<ulong> SetAsync(string key, string body) => (await _gateway.PostAsync("/keys/" + key, _gateway.Issuer, body)).IsOk().GetProperty("version").GetUInt64();
}
