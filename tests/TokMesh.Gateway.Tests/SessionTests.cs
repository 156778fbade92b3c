using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

[Collection(GatewayCollection.Name)]
public sealed class SessionTests(SharedGateway shared)
{
    private const string Unknown = "tmss-01kcnxr35v2t8htzb9y878q677";
    private readonly TestGateway _gateway = shared.Gateway;

    [Fact]
    public async Task A_created_session_has_generated_names_and_can_be_read()
    {
        var answer = await _gateway.PostAsync("/sessions", _gateway.Issuer,
            """{"user_id":"anna","device_id":"phone","ttl_seconds":60,"data":{"b":"2","a":"ü\"<"}}""", ("User-Agent", "Test/1"));
        var data = answer.IsOk(201);
        Assert.Matches("^tmtk_[A-Za-z0-9_-]{43}$", data.GetProperty("token").GetString()!);
        var id = data.GetProperty("session_id").GetString()!;
        Assert.Matches("^tmss-[0-7][0-9a-hjkmnp-tv-z]{25}$", id);
        var session = (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).IsOk();
        Assert.Equal(["id", "user_id", "device_id", "ip_address", "user_agent", "last_access_ip", "last_access_ua", "created_by", "created_at",
            "expires_at", "last_active", "data", "version"], session.EnumerateObject().Select(p => p.Name));
        Assert.Equal("anna", session.GetProperty("user_id").GetString());
        Assert.Equal("127.0.0.1", session.GetProperty("ip_address").GetString());
        Assert.Equal("Test/1", session.GetProperty("user_agent").GetString());
        Assert.Equal(_gateway.Issuer[..31], session.GetProperty("created_by").GetString());
        Assert.Equal("ü\"<", session.GetProperty("data").GetProperty("a").GetString());
        Assert.Equal(1, session.GetProperty("version").GetInt64());
        Assert.Equal(data.GetProperty("expires_at").GetInt64(), session.GetProperty("expires_at").GetInt64());
        Assert.Equal(60_000, session.GetProperty("expires_at").GetInt64() - session.GetProperty("created_at").GetInt64());
    }

    [Fact]
    public async Task A_session_lives_two_hours_unless_said_otherwise()
    {
        var (id, _) = await _gateway.CreateAsync("default-ttl");
        var session = (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).Data;
        Assert.Equal(7_200_000, session.GetProperty("expires_at").GetInt64() - session.GetProperty("created_at").GetInt64());
    }

    [Fact]
    public async Task A_dictated_token_is_echoed_and_validates()
    {
        var token = "eyJhbGciOi.J9-" + Guid.NewGuid();
        Assert.Equal(token, (await _gateway.CreateAsync("byo", $",\"token\":\"{token}\"")).Token);
        Assert.Equal("byo", (await _gateway.ValidateAsync(token)).IsOk().GetProperty("session").GetProperty("user_id").GetString());
    }

    [Fact]
    public async Task Of_a_hundred_creates_with_one_token_one_succeeds_and_the_rest_conflict()
    {
        var token = "shared-" + Guid.NewGuid();
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i =>
            _gateway.PostAsync("/sessions", _gateway.Issuer, $$"""{"user_id":"racer-{{i}}","token":"{{token}}"}""")));
        Assert.Single(answers, a => a.Status == 201);
        Assert.Equal(99, answers.Count(a => a is { Status: 409, Code: "TM-TOKN-4090" }));
    }

    [Fact]
    public async Task The_51st_session_of_a_user_is_refused()
    {
        for (var i = 0; i < 50; i++) await _gateway.CreateAsync("crowd");
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, """{"user_id":"crowd"}""")).Is(429, "TM-SESS-4002");
        var revoked = await _gateway.PostAsync("/users/crowd/sessions/revoke", _gateway.Issuer, null);
        Assert.Equal(50, revoked.IsOk().GetProperty("revoked_count").GetInt32());
        await _gateway.CreateAsync("crowd");
    }

    public static TheoryData<string, int, string> BadCreates => new()
    {
        { "{}", 400, "TM-ARG-1002" },
        { """{"user_id":""}""", 400, "TM-ARG-1002" },
        { """{"user_id":null}""", 400, "TM-ARG-1002" },
        { $$"""{"user_id":"{{new string('x', 129)}}"}""", 400, "TM-SESS-4001" },
        { """{"user_id":"u","ttl_seconds":0}""", 400, "TM-SESS-4001" },
        { """{"user_id":"u","ttl_seconds":2592001}""", 400, "TM-SESS-4001" },
        { $$"""{"user_id":"u","device_id":"{{new string('x', 129)}}"}""", 400, "TM-SESS-4001" },
        { $$$"""{"user_id":"u","data":{"{{{new string('k', 65)}}}":"v"}}""", 400, "TM-SESS-4001" },
        { $$$"""{"user_id":"u","data":{"k":"{{{new string('v', 1025)}}}"}}""", 400, "TM-SESS-4001" },
        { $$$"""{"user_id":"u","data":{ {{{string.Join(",", Enumerable.Range(0, 5).Select(i => $"\"k{i}\":\"{new string('v', 1000)}\""))}}} }}""", 400, "TM-SESS-4001" },
        { """{"user_id":"u","token":"tmtk_short"}""", 400, "TM-TOKN-4000" },
        { """{"user_id":"u","token":"with space"}""", 400, "TM-TOKN-4000" },
        { """{"user_id":"u","token":""}""", 400, "TM-TOKN-4000" },
        { $$"""{"user_id":"u","token":"{{new string('t', 1024)}}"}""", 400, "TM-TOKN-4000" },
    };

    [Theory]
    [MemberData(nameof(BadCreates))]
    public async Task A_create_that_breaks_a_rule_says_which(string body, int status, string code) =>
        (await _gateway.PostAsync("/sessions", _gateway.Issuer, body)).Is(status, code);

    [Theory]
    [InlineData(128)]
    [InlineData(1)]
    public async Task A_user_id_of_the_allowed_lengths_is_taken(int length) => await _gateway.CreateAsync(new string('y', length));

    [Fact]
    public async Task An_agent_longer_than_512_bytes_is_cut()
    {
        var (id, _) = await _gateway.CreateAsync("long-agent", "", ("User-Agent", new string('a', 600)));
        Assert.Equal(512, (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).Data.GetProperty("user_agent").GetString()!.Length);
    }

    [Fact]
    public async Task A_malformed_id_is_an_invalid_argument_and_an_unknown_one_not_found()
    {
        foreach (var (path, body) in new[] { ("", null), ("/touch", null), ("/renew", """{"ttl_seconds":60}""") })
        {
            var method = path.Length == 0 ? "GET" : "POST";
            (await _gateway.SendAsync(method, "/sessions/tmss-123" + path, _gateway.Issuer, body)).Is(400, "TM-ARG-1001");
            (await _gateway.SendAsync(method, "/sessions/" + Unknown + path, _gateway.Issuer, body)).Is(404, "TM-SESS-4040");
        }
        (await _gateway.PostAsync("/sessions/tmss-123/revoke", _gateway.Issuer, null)).Is(400, "TM-ARG-1001");
    }

    [Fact]
    public async Task An_id_in_capitals_is_the_same_id()
    {
        var (id, _) = await _gateway.CreateAsync("capital");
        Assert.Equal(id, (await _gateway.GetAsync("/sessions/" + id.ToUpperInvariant(), _gateway.Validator)).IsOk().GetProperty("id").GetString());
    }

    [Fact]
    public async Task Reading_changes_nothing_and_touching_only_last_active_which_never_falls()
    {
        var (id, _) = await _gateway.CreateAsync("toucher");
        var before = (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).Data.GetRawText();
        Assert.Equal(before, (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).Data.GetRawText());
        long last = 0;
        for (var i = 0; i < 5; i++)
        {
            await _gateway.NextMillisecondAsync();
            var touched = (await _gateway.PostAsync($"/sessions/{id}/touch", _gateway.Validator, i % 2 == 0 ? null : "{}")).IsOk();
            var active = touched.GetProperty("last_active").GetInt64();
            Assert.True(active > last);
            last = active;
        }
        var after = (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).Data;
        Assert.True(after.GetProperty("last_active").GetInt64() >= last);
        Assert.Equal(1, after.GetProperty("version").GetInt64());
    }

    [Fact]
    public async Task A_touch_with_fields_shows_the_forced_ones_too()
    {
        var (id, _) = await _gateway.CreateAsync("fields");
        var touched = (await _gateway.PostAsync($"/sessions/{id}/touch?fields=id,last_active,device_id", _gateway.Validator, null)).IsOk();
        Assert.Equal(["id", "user_id", "device_id", "expires_at", "last_active", "version"], touched.EnumerateObject().Select(p => p.Name));
        (await _gateway.PostAsync($"/sessions/{id}/touch?fields=token_hash", _gateway.Validator, null)).Is(400, "TM-ARG-1001");
        (await _gateway.PostAsync($"/sessions/{id}/touch", _gateway.Validator, """{"ip":"x"}""")).Is(400, "TM-SYS-4000");
    }

    [Fact]
    public async Task A_renew_counts_from_now_and_is_seen_by_the_next_read()
    {
        var (id, _) = await _gateway.CreateAsync("renewer");
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var expires = (await _gateway.PostAsync($"/sessions/{id}/renew", _gateway.Issuer, """{"ttl_seconds":10}""")).IsOk().GetProperty("new_expires_at").GetInt64();
        Assert.InRange(expires, now + 9_900, now + 15_000);
        var session = (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).Data;
        Assert.Equal(expires, session.GetProperty("expires_at").GetInt64());
        Assert.Equal(2, session.GetProperty("version").GetInt64());
        Assert.Equal("127.0.0.1", session.GetProperty("ip_address").GetString());
    }

    [Theory]
    [InlineData("{}", "TM-ARG-1002")]
    [InlineData("""{"ttl_seconds":0}""", "TM-ARG-1001")]
    [InlineData("""{"ttl_seconds":-5}""", "TM-ARG-1001")]
    [InlineData("""{"ttl_seconds":2592001}""", "TM-SESS-4001")]
    [InlineData("""{"ttl_seconds":60,"ip_address":"1.2.3.4"}""", "TM-SYS-4000")]
    [InlineData("", "TM-SYS-4000")]
    public async Task A_renew_that_breaks_a_rule_says_which(string body, string code)
    {
        var (id, _) = await _gateway.CreateAsync("bad-renewer-" + Guid.NewGuid());
        (await _gateway.PostAsync($"/sessions/{id}/renew", _gateway.Issuer, body)).Is(400, code);
    }

    [Fact]
    public async Task A_hundred_renews_at_once_all_end_well()
    {
        var (id, _) = await _gateway.CreateAsync("busy");
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => _gateway.PostAsync($"/sessions/{id}/renew", _gateway.Issuer, """{"ttl_seconds":60}""")));
        Assert.All(answers, a => a.IsOk());
        Assert.Equal(101, (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).Data.GetProperty("version").GetInt64());
    }

    [Fact]
    public async Task After_a_revoke_the_token_is_revoked_the_session_gone_and_a_second_revoke_succeeds()
    {
        var (id, token) = await _gateway.CreateAsync("leaver");
        Assert.Empty((await _gateway.PostAsync($"/sessions/{id}/revoke", _gateway.Issuer, """{"sync":true}""")).IsOk().EnumerateObject());
        (await _gateway.ValidateAsync(token)).Is(401, "TM-TOKN-4012");
        (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).Is(404, "TM-SESS-4040");
        (await _gateway.PostAsync($"/sessions/{id}/renew", _gateway.Issuer, """{"ttl_seconds":60}""")).Is(404, "TM-SESS-4040");
        (await _gateway.PostAsync($"/sessions/{id}/revoke", _gateway.Issuer, null)).IsOk();
        (await _gateway.PostAsync($"/sessions/{Unknown}/revoke", _gateway.Issuer, "{}")).IsOk();
        (await _gateway.PostAsync($"/sessions/{id}/revoke", _gateway.Issuer, """{"sync":"yes"}""")).Is(400, "TM-SYS-4000");
    }

    [Fact]
    public async Task A_renew_or_revoke_that_is_tied_to_a_version_says_the_present_one_when_it_is_another()
    {
        var (id, token) = await _gateway.CreateAsync("conditional");
        var conflict = await _gateway.PostAsync($"/sessions/{id}/renew", _gateway.Issuer, """{"ttl_seconds":60,"if_version":7}""");
        conflict.Is(409, "TM-SESS-4091");
        Assert.Equal(1, conflict.Json.GetProperty("details").GetProperty("version").GetInt64());
        (await _gateway.PostAsync($"/sessions/{id}/renew", _gateway.Issuer, """{"ttl_seconds":60,"if_version":1}""")).IsOk();
        (await _gateway.PostAsync($"/sessions/{id}/revoke", _gateway.Issuer, """{"if_version":1}""")).Is(409, "TM-SESS-4091");
        (await _gateway.PostAsync($"/sessions/{id}/revoke", _gateway.Issuer, """{"if_version":-1}""")).Is(400, "TM-SYS-4000");
        (await _gateway.ValidateAsync(token)).IsOk();
        Assert.True((await _gateway.PostAsync($"/sessions/{id}/revoke", _gateway.Issuer, """{"if_version":2}""")).IsOk().GetProperty("revoked").GetBoolean());
        Assert.False((await _gateway.PostAsync($"/sessions/{id}/revoke", _gateway.Issuer, """{"if_version":2}""")).IsOk().GetProperty("revoked").GetBoolean());
        (await _gateway.ValidateAsync(token)).Is(401, "TM-TOKN-4012");
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("with%2Fslash", "with/slash")]
    [InlineData("100%25", "100%")]
    [InlineData("a%252Fb", "a%2Fb")]
    [InlineData("m%C3%BCller%20a%40b", "müller a@b")]
    public async Task A_user_in_the_path_is_decoded_once(string encoded, string user)
    {
        await _gateway.CreateAsync(user);
        Assert.Equal(1, (await _gateway.PostAsync($"/users/{encoded}/sessions/revoke", _gateway.Issuer, """{"sync":true}""")).IsOk().GetProperty("revoked_count").GetInt32());
        Assert.Equal(0, (await _gateway.PostAsync($"/users/{encoded}/sessions/revoke", _gateway.Issuer, null)).IsOk().GetProperty("revoked_count").GetInt32());
    }

    [Fact]
    public async Task A_user_in_the_path_that_is_not_text_is_refused() =>
        (await _gateway.PostAsync("/users/%FF/sessions/revoke", _gateway.Issuer, null)).Is(400, "TM-ARG-1001");

    [Fact]
    public async Task A_user_in_the_path_of_129_bytes_breaks_a_rule() =>
        (await _gateway.PostAsync($"/users/{new string('x', 129)}/sessions/revoke", _gateway.Issuer, null)).Is(400, "TM-SESS-4001");
}
