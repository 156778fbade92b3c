using System.Net.Http.Headers;
using System.Text;
using TokMesh.Gateway.Json;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

/// <summary>Half surrogate pairs, bytes that are no UTF-8, and NUL, at every place of every operation: a 400 that names the field, and nobody's name.</summary>
[Collection(GatewayCollection.Name)]
public sealed class OddTextTests(SharedGateway shared)
{
    private const string Id = "tmss-01kcnxr35v2t8htzb9y878q677";

    // What a client can write inside a JSON string: \xFF stands for that byte.
    private static readonly string[] NoText = [@"\ud800", @"x\udc00", @"\udc00\ud800", @"\ud800\u0041", "ÿ", "íÿ"];
    private static readonly string[] NoTextEscaped = ["%FF", "%ED%A0%80", "a%C3", "%C0%AF", "%F8%88%80%80%80"];
    private readonly TestGateway _gateway = shared.Gateway;

    public static TheoryData<string, string> Bodies => new()
    {
        { "/sessions", "user_id" },
        { "/sessions", "device_id" },
        { "/sessions", "token" },
        { "/sessions", "data" },
        { $"/sessions/{Id}/touch", "" },
        { $"/sessions/{Id}/renew", "" },
        { $"/sessions/{Id}/revoke", "" },
        { "/users/odd/sessions/revoke", "" },
        { "/tokens/validate", "token" },
        { "/keys/odd", "value" },
        { "/keys/odd", "value_base64" },
        { "/keys/odd/delete", "" },
        { "/admin/v1/keys", "role" },
        { "/admin/v1/keys", "name" },
        { "/admin/v1/keys", "description" },
        { "/admin/v1/keys/tmak-01kcnxr35v2t8htzb9y878q677/status", "status" },
    };

    public static TheoryData<string, string> Queries => new()
    {
        { "/sessions?user_id=u&", "device_id" },
        { "/sessions?", "user_id" },
        { "/sessions?user_id=u&", "key_id" },
        { "/sessions?user_id=u&", "ip_address" },
        { "/sessions?user_id=u&", "time_range_start" },
        { "/sessions?user_id=u&", "sort_by" },
        { "/sessions?user_id=u&", "page" },
        { "/sessions?user_id=u&", "fields" },
        { "/admin/v1/keys?", "role" },
        { "/admin/v1/keys?", "status" },
        { "/cluster/shards?", "digest" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_body_whose_name_or_value_is_no_text_is_refused_with_the_field(string path, string field)
    {
        foreach (var bad in NoText)
        {
            (await PostAsync(path, $$"""{"{{bad}}":1}""")).Is(400, "TM-SYS-4000");
            if (field.Length == 0) continue;
            var body = field == "data" ? $$$"""{"user_id":"u","data":{"a":"{{{bad}}}"}}""" : $$"""{"{{field}}":"{{bad}}"}""";
            var answer = await PostAsync(path, body);
            answer.Is(400, "TM-SYS-4000");
            Assert.Equal($"'{field}' is not valid Unicode text", answer.Message);
        }
        if (field != "data") return;
        foreach (var bad in NoText) (await PostAsync(path, $$$"""{"user_id":"u","data":{"{{{bad}}}":"a"}}""")).Is(400, "TM-SYS-4000");
    }

    [Theory]
    [InlineData("/sessions", """{"user_id":"a\u0000"}""", "user_id")]
    [InlineData("/sessions", """{"user_id":"u","device_id":"\u0000"}""", "device_id")]
    [InlineData("/sessions", """{"user_id":"u","data":{"a\u0000":"b"}}""", "data key")]
    [InlineData("/sessions", """{"user_id":"u","data":{"a":"\u0000b"}}""", "data['a']")]
    [InlineData("/admin/v1/keys", """{"role":"issuer","name":"a\u0000"}""", "name")]
    [InlineData("/admin/v1/keys", """{"role":"issuer","description":"a\u0000"}""", "description")]
    public async Task Nul_in_text_that_is_kept_is_refused_with_the_field(string path, string body, string field)
    {
        var answer = await PostAsync(path, body);
        answer.Is(400, "TM-ARG-1001");
        Assert.Equal($"{field}: holds a NUL character, which is not allowed", answer.Message);
    }

    [Fact]
    public async Task A_token_with_nul_or_beyond_ascii_is_malformed()
    {
        foreach (var token in new[] { @"a\u0000", @"\u00fc", @"\ud83d\ude00" })
        {
            (await PostAsync("/sessions", $$"""{"user_id":"u","token":"{{token}}"}""")).Is(400, "TM-TOKN-4000");
            (await PostAsync("/tokens/validate", $$"""{"token":"{{token}}"}""")).Is(400, "TM-TOKN-4000");
        }
    }

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task A_query_that_is_no_text_is_refused_with_the_parameter(string path, string parameter)
    {
        foreach (var bad in NoTextEscaped)
        {
            var answer = await _gateway.GetAsync($"{path}{parameter}={bad}", _gateway.Admin);
            answer.Is(400, "TM-ARG-1001");
            Assert.Equal($"{parameter}: not valid Unicode text", answer.Message);
            (await _gateway.GetAsync($"{path}{bad}=1", _gateway.Admin)).Is(400, "TM-ARG-1001");
        }
        var nul = await _gateway.GetAsync($"{path}{parameter}=a%00", _gateway.Admin);
        nul.Is(400, "TM-ARG-1001");
        Assert.StartsWith(parameter + ": holds a NUL", nul.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("%")]
    [InlineData("%2")]
    [InlineData("%zz")]
    [InlineData("a%2")]
    public void An_escape_that_is_cut_off_is_refused_with_the_parameter(string cut)
    {
        // Clients mend such an escape before they send it.
        Assert.StartsWith("p: a '%' must be followed", new QueryReader("?p=" + cut, "p").Broken!.Message, StringComparison.Ordinal);
        Assert.StartsWith("query: a '%' must be followed", new QueryReader($"?{cut}=p", "p").Broken!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_finds_the_user_it_names_and_no_other()
    {
        await _gateway.CreateAsync("%FF");
        await _gateway.CreateAsync("ü +&=");
        Assert.Equal(1, (await _gateway.GetAsync("/sessions?user_id=%25FF", _gateway.Issuer)).IsOk().GetProperty("total_items").GetInt32());
        Assert.Equal(1, (await _gateway.GetAsync("/sessions?user_id=%C3%BC+%2B%26%3D&page=1", _gateway.Issuer)).IsOk().GetProperty("total_items").GetInt32());
        Assert.Equal(1, (await _gateway.GetAsync("/sessions?&user%5Fid=%C3%BC%20%2b%26%3d&", _gateway.Issuer)).IsOk().GetProperty("total_items").GetInt32());
        (await _gateway.GetAsync("/sessions?user_id=a&user%5Fid=b", _gateway.Issuer)).Is(400, "TM-ARG-1001");
    }

    [Theory]
    [InlineData("POST", "/users/{0}/sessions/revoke", "user_id: not valid Unicode text")]
    [InlineData("GET", "/sessions/{0}", "session_id: not a session id")]
    [InlineData("POST", "/sessions/{0}/touch", "session_id: not a session id")]
    [InlineData("POST", "/sessions/{0}/renew", "session_id: not a session id")]
    [InlineData("POST", "/sessions/{0}/revoke", "session_id: not a session id")]
    [InlineData("POST", "/admin/v1/keys/{0}/status", "key_id: not an API key id")]
    public async Task A_path_that_is_no_text_is_refused_with_the_field(string method, string path, string message)
    {
        foreach (var bad in NoTextEscaped)
        {
            var answer = await _gateway.SendAsync(method, string.Format(path, bad), _gateway.Admin, method == "POST" ? "{}" : null);
            answer.Is(400, "TM-ARG-1001");
            Assert.StartsWith(message, answer.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Two_bad_names_never_end_the_sessions_of_the_replacement_character()
    {
        var (_, token) = await _gateway.CreateAsync("\ufffd");
        foreach (var bad in NoTextEscaped) (await _gateway.PostAsync($"/users/{bad}/sessions/revoke", _gateway.Issuer, null)).Is(400, "TM-ARG-1001");
        (await _gateway.ValidateAsync(token)).IsOk();
        Assert.Equal(1, (await _gateway.PostAsync("/users/%EF%BF%BD/sessions/revoke", _gateway.Issuer, null)).IsOk().GetProperty("revoked_count").GetInt32());
    }

    [Fact]
    public async Task Names_and_values_of_plain_keys_are_bytes()
    {
        foreach (var (name, other) in new[] { ("%FF", "%FE"), ("%ED%A0%80", "%EF%BF%BD"), ("%C0%AF", "%2F") })
        {
            (await _gateway.PostAsync($"/keys/{name}", _gateway.Issuer, """{"value":"a\u0000b"}""")).IsOk();
            Assert.Equal("a\0b", (await _gateway.GetAsync($"/keys/{name}", _gateway.Issuer)).IsOk().GetProperty("value").GetString());
            (await _gateway.GetAsync($"/keys/{other}", _gateway.Issuer)).Is(404, "TM-KEYS-4040");
        }
    }

    [Fact]
    public async Task A_user_in_the_path_with_nul_never_reaches_an_operation()
    {
        // The server itself refuses such a target: no envelope, but a 400, and the connection lives or ends cleanly.
        using var response = await _gateway.Http.PostAsync(new Uri(_gateway.Address, "/users/a%00/sessions/revoke"), null);
        Assert.Equal(400, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_header_that_is_no_text_is_a_400()
    {
        using var tcp = new System.Net.Sockets.TcpClient();
        await tcp.ConnectAsync(_gateway.Address.Host, _gateway.Address.Port);
        var stream = tcp.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes("GET /health HTTP/1.1\r\nHost: x\r\nX-Nonce: \xff\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(stream, Encoding.Latin1);
        Assert.StartsWith("HTTP/1.1 400", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    // Latin-1, so that a character up to U+00FF is one byte.
    private async Task<Answer> PostAsync(string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_gateway.Address, path));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + _gateway.Admin);
        request.Content = new ByteArrayContent(Encoding.Latin1.GetBytes(body));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await _gateway.Http.SendAsync(request);
        return await Answer.ReadAsync(response);
    }
}
