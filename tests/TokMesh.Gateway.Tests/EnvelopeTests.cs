using System.Net.Http.Headers;
using System.Text;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

[Collection(GatewayCollection.Name)]
public sealed class EnvelopeTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    [Fact]
    public async Task A_request_without_an_id_gets_one_of_the_servers_form()
    {
        var answer = await _gateway.GetAsync("/health", null);
        Assert.Matches("^req-[A-Za-z0-9_-]{22}$", answer.Header("X-Request-ID")!);
    }

    [Fact]
    public async Task A_clients_request_id_is_kept_on_success_and_on_errors()
    {
        Assert.Equal("client-7", (await _gateway.GetAsync("/health", null, ("X-Request-ID", "client-7"))).Header("X-Request-ID"));
        Assert.Equal("client-8", (await _gateway.GetAsync("/nothing", null, ("X-Request-ID", "client-8"))).Header("X-Request-ID"));
    }

    [Theory]
    [InlineData("two words")]
    [InlineData("")]
    public async Task A_request_id_that_cannot_be_printed_in_one_word_is_replaced(string sent) =>
        Assert.StartsWith("req-", (await _gateway.GetAsync("/health", null, ("X-Request-ID", sent))).Header("X-Request-ID"), StringComparison.Ordinal);

    [Fact]
    public async Task A_request_id_of_129_characters_is_replaced_and_one_of_128_kept()
    {
        var longest = new string('x', 128);
        Assert.Equal(longest, (await _gateway.GetAsync("/health", null, ("X-Request-ID", longest))).Header("X-Request-ID"));
        Assert.StartsWith("req-", (await _gateway.GetAsync("/health", null, ("X-Request-ID", longest + "x"))).Header("X-Request-ID"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_path_is_404_in_the_envelope() => (await _gateway.GetAsync("/no/such.path", null)).Is(404, "TM-SYS-4000");

    [Theory]
    [InlineData("/health")]
    [InlineData("/ready")]
    [InlineData("/metrics")]
    [InlineData("/sessions?user_id=u")]
    [InlineData("/sessions/tmss-01kcnxr35v2t8htzb9y878q677")]
    [InlineData("/keys/not-there")]
    [InlineData("/admin/v1/keys")]
    [InlineData("/cluster/status")]
    [InlineData("/cluster/members")]
    [InlineData("/cluster/shards")]
    [InlineData("/no/such.path")]
    public async Task HEAD_answers_as_GET_does_without_the_body(string path)
    {
        foreach (var key in new[] { _gateway.Admin, null })
        {
            var get = await _gateway.SendAsync("GET", path, key, null);
            var head = await _gateway.SendAsync("HEAD", path, key, null);
            Assert.Equal((get.Status, get.Header("X-Error-Code"), ""), (head.Status, head.Header("X-Error-Code"), head.Text));
        }
    }

    [Theory]
    [InlineData("DELETE", "/sessions", "GET, HEAD, POST")]
    [InlineData("PATCH", "/sessions/x/renew", "POST")]
    [InlineData("PUT", "/keys/a", "GET, HEAD, POST")]
    [InlineData("POST", "/health", "GET, HEAD")]
    [InlineData("HEAD", "/tokens/validate", "POST")]
    [InlineData("GET", "/tokens/validate", "POST")]
    [InlineData("OPTIONS", "/sessions", "GET, HEAD, POST")]
    public async Task Other_methods_are_405_with_an_allow_header(string method, string path, string allow)
    {
        var answer = await _gateway.SendAsync(method, path, _gateway.Admin, null);
        if (method == "HEAD") Assert.Equal((405, "TM-SYS-4000"), (answer.Status, answer.Header("X-Error-Code")));
        else answer.Is(405, "TM-SYS-4000");
        Assert.Equal(allow, answer.Header("Allow")!.Replace(",", ", ", StringComparison.Ordinal).Replace("  ", " ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_method_override_header_changes_nothing()
    {
        var (id, _) = await _gateway.CreateAsync("override");
        (await _gateway.PostAsync($"/sessions/{id}", _gateway.Admin, "{}", ("X-HTTP-Method-Override", "GET"))).Is(405, "TM-SYS-4000");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_the_limit_is_413(bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_gateway.Address, "/sessions"));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + _gateway.Issuer);
        request.Content = new ByteArrayContent(Encoding.ASCII.GetBytes("{\"user_id\":\"" + new string('x', 1_200_000) + "\"}"));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await _gateway.Http.SendAsync(request);
        (await Answer.ReadAsync(response)).Is(413, "TM-ADMIN-4130");
    }

    [Fact]
    public async Task An_unexpected_failure_is_500_in_the_envelope_and_its_message_stays_inside()
    {
        await using var gateway = await TestGateway.StartAsync(gatewayRandom: static _ => throw new InvalidOperationException("inner workings"));
        var answer = await gateway.PostAsync("/admin/v1/keys", gateway.Admin, """{"role":"issuer"}""");
        answer.Is(500, "TM-SYS-5000");
        Assert.DoesNotContain("inner workings", answer.Text, StringComparison.Ordinal);
        var line = Assert.Single(gateway.Log.Lines, l => l.Contains(answer.Header("X-Request-ID")!, StringComparison.Ordinal));
        Assert.DoesNotContain("inner workings", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_hangs_up_in_the_middle_of_its_body_is_not_a_failure_of_the_server()
    {
        await using var gateway = await TestGateway.StartAsync();
        using (var socket = new System.Net.Sockets.TcpClient())
        {
            await socket.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nAuthorization: Bearer {gateway.Issuer}\r\n\r\n{{\"user_id\":"));
            await Task.Delay(200);
        }
        var metrics = "";
        for (var i = 0; i < 100 && !metrics.Contains("path=\"/sessions\",status=\"400\"", StringComparison.Ordinal); i++, await Task.Delay(20))
            metrics = (await gateway.GetAsync("/metrics", gateway.Metrics)).Text;
        Assert.Contains("path=\"/sessions\",status=\"400\"", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain(gateway.Log.Lines, l => l.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Answers_carry_their_length_and_type()
    {
        var answer = await _gateway.GetAsync("/health", null);
        Assert.Equal("application/json; charset=utf-8", answer.Header("Content-Type"));
        Assert.Equal(Encoding.UTF8.GetByteCount(answer.Text).ToString(System.Globalization.CultureInfo.InvariantCulture), answer.Header("Content-Length"));
        Assert.Null(answer.Header("Server"));
    }
}
