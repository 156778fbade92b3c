using System.Text.Json;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Sessions;
using TokMesh.State.Ids;
using TokMesh.State.Replies;

namespace TokMesh.Redis.Tests;

/// <summary>Contract 6.2 and AC-59 to AC-64.</summary>
public sealed class SessionTests(RedisHost host) : IClassFixture<RedisHost>
{
    private const string Ok = "+OK\r\n";

    [Fact]
    public async Task SET_of_a_new_session_needs_a_token_and_of_an_existing_one_must_not_have_one()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        var (id, token) = (NewId(), NewToken());
        Assert.StartsWith("-ERR TM-ARG-1002 token is required", client.Call("SET", id, """{"user_id":"ac59"}"""), StringComparison.Ordinal);
        Assert.Equal(Ok, client.Call("SET", id, $$"""{"user_id":"ac59","token":"{{token}}","data":{"a":"1"} }"""));
        Assert.Equal(Ok, client.Call("SET", id, """{"data":{"b":"2"},"device_id":"phone"}"""));
        Assert.Equal(Ok, client.Call("TM.VALIDATE", token));
        Assert.StartsWith("-ERR TM-SESS-4090 ", client.Call("SET", id, $$"""{"user_id":"ac59","token":"{{NewToken()}}"}"""), StringComparison.Ordinal);
        Assert.StartsWith("-ERR TM-ARG-1001 ", client.Call("SET", id, """{"user_id":"another"}"""), StringComparison.Ordinal);
        var session = Json(client.Call("GET", id));
        Assert.Equal("ac59", session.GetProperty("user_id").GetString());
        Assert.Equal("phone", session.GetProperty("device_id").GetString());
        Assert.Equal("""{"b":"2"}""", session.GetProperty("data").GetRawText());
        Assert.Equal("127.0.0.1", session.GetProperty("ip_address").GetString());
        Assert.Equal(host.KeyOf(ApiRole.Issuer).Id, session.GetProperty("created_by").GetString());
        Assert.False(session.TryGetProperty("token", out _));
        Assert.False(session.TryGetProperty("token_hash", out _));
    }

    [Fact]
    public async Task EX_sets_the_expiry_and_without_it_an_update_keeps_it()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        var id = NewId();
        Assert.Equal(Ok, client.Call("SET", id, $$"""{"user_id":"ac60","token":"{{NewToken()}}"}""", "EX", "100"));
        Assert.Equal(":100\r\n", client.Call("TTL", id));
        Assert.Equal(Ok, client.Call("SET", id, """{"device_id":"d"}"""));
        Assert.Equal(":100\r\n", client.Call("TTL", id));
        Assert.Equal(Ok, client.Call("SET", id, "{}", "px", "500000"));
        Assert.Equal(":500\r\n", client.Call("TTL", id));
        Assert.Equal(":1\r\n", client.Call("EXPIRE", id, "1000"));
        Assert.Equal(":1000\r\n", client.Call("TTL", id));
        var (other, token) = (NewId(), NewToken());
        Assert.Equal(Ok, client.Call("SET", other, $$"""{"user_id":"ac60","token":"{{token}}"}"""));
        Assert.Equal(":7200\r\n", client.Call("TTL", other));
        Assert.Equal(":1\r\n", client.Call("PEXPIRE", other, "60"));
        await Task.Delay(100);
        Assert.Equal("$-1\r\n", client.Call("GET", other));
        Assert.Equal(":-2\r\n", client.Call("TTL", other));
        Assert.Equal(":0\r\n", client.Call("EXISTS", other));
        Assert.Equal(":0\r\n", client.Call("EXPIRE", other, "10"));
        Assert.Equal("+none\r\n", client.Call("TYPE", other));
        Assert.Equal("-ERR TM-TOKN-4011 Token expired\r\n", client.Call("TM.VALIDATE", token));
    }

    [Fact]
    public async Task TM_commands_behave_as_in_the_contract()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        var id = NewId();
        var created = Json(client.Call("TM.CREATE", id.ToUpperInvariant(), """{"user_id":"ac62","token":"ignored"}""", "TTL", "50"));
        Assert.Equal(id, created.GetProperty("session_id").GetString());
        var token = created.GetProperty("token").GetString()!;
        Assert.True(TokenRules.IsWellFormed(token));
        Assert.InRange(created.GetProperty("expires_at").GetInt64(), Now() + 40_000, Now() + 51_000);
        Assert.StartsWith("-ERR TM-SESS-4090 ", client.Call("TM.CREATE", id, """{"user_id":"ac62"}"""), StringComparison.Ordinal);
        Assert.StartsWith("-ERR TM-ARG-1002 ", client.Call("TM.CREATE", NewId(), "{}"), StringComparison.Ordinal);
        Assert.Equal("-ERR wrong number of arguments for 'tm.create' command\r\n", client.Call("TM.CREATE", id));
        Assert.Equal(Ok, client.Call("TM.VALIDATE", token));
        Assert.Equal(Ok, client.Call("TM.VALIDATE", token, "TOUCH"));
        Assert.Equal("-ERR TM-TOKN-4010 Token invalid\r\n", client.Call("TM.VALIDATE", NewToken()));
        Assert.Equal("-ERR TM-TOKN-4000 Token malformed\r\n", client.Call("TM.VALIDATE", "tmtk_short"));
        Assert.Equal("-ERR TM-TOKN-4000 Token malformed\r\n", client.Call("TM.VALIDATE", "with space"));
        Assert.InRange(long.Parse(client.Call("TM.TOUCH", id)[1..^2]), Now() - 5000, Now() + 5000);
        Assert.Equal("-ERR TM-SESS-4040 Session not found\r\n", client.Call("TM.TOUCH", NewId()));
        client.Call("TM.CREATE", NewId(), """{"user_id":"ac62"}""");
        Assert.Equal(":2\r\n", client.Call("TM.REVOKE_USER", "ac62"));
        Assert.Equal(":0\r\n", client.Call("TM.REVOKE_USER", "ac62"));
        Assert.Equal("-ERR TM-TOKN-4012 Token revoked\r\n", client.Call("TM.VALIDATE", token));
        Assert.Equal("$-1\r\n", client.Call("GET", id));
    }

    [Fact]
    public async Task A_session_that_another_front_end_created_is_deleted_here()
    {
        var caller = new Caller(host.Node.NowMs + 5000, default, null, default, default);
        var (reply, token) = await host.Sessions.CreateAsync(new NewSession { UserId = "ac64", TtlMs = 60_000 }, caller);
        var id = new ReplyReader(reply.Body.Span).Session().Id.ToString();
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        Assert.Equal(Ok, client.Call("TM.VALIDATE", token));
        Assert.Equal("+string\r\n", client.Call("TYPE", id));
        Assert.Equal(":1\r\n", client.Call("DEL", id.ToUpperInvariant()));
        Assert.Equal(":0\r\n", client.Call("DEL", id));
        Assert.Equal("-ERR TM-TOKN-4012 Token revoked\r\n", client.Call("TM.VALIDATE", token));
    }

    [Fact]
    public async Task Dictated_names_in_other_shards_are_found_and_keep_their_place_in_a_pipeline()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        // Enough of them that id, token and user fall into three different shards of the eight.
        for (var i = 0; i < 30; i++)
        {
            var (id, token) = (NewId(), NewToken());
            client.Send("SET", id, $$"""{"user_id":"dictated{{i}}","token":"{{token}}"}""");
            client.Send("TM.VALIDATE", token);
            client.Send("GET", id);
            client.Send("TTL", id);
            client.Send("TM.TOUCH", id);
            client.Send("EXPIRE", id, "100");
            client.Send("TTL", id);
            client.Send("TM.VALIDATE", token, "TOUCH");
            client.Send("EXISTS", id);
            client.Send("EXISTS", id, id, "plain:none");
            client.Send("DEL", id);
            client.Send("TM.VALIDATE", token);
            client.Send("GET", id);
            client.Send("TM.REVOKE_USER", $"dictated{i}");
            Assert.Equal(Ok, client.Read());
            Assert.Equal(Ok, client.Read());
            Assert.Equal(id, Json(client.Read()).GetProperty("id").GetString());
            Assert.Equal(":7200\r\n", client.Read());
            Assert.StartsWith(":1", client.Read(), StringComparison.Ordinal);
            Assert.Equal(":1\r\n", client.Read());
            Assert.Equal(":100\r\n", client.Read());
            Assert.Equal(Ok, client.Read());
            Assert.Equal(":1\r\n", client.Read());
            Assert.Equal(":2\r\n", client.Read());
            Assert.Equal(":1\r\n", client.Read());
            // A revoked pointer's name may be let go before its tombstone is asked: not valid is what counts.
            Assert.StartsWith("-ERR TM-TOKN-401", client.Read(), StringComparison.Ordinal);
            Assert.Equal("$-1\r\n", client.Read());
            Assert.Equal(":0\r\n", client.Read());
        }
    }

    [Fact]
    public async Task DEL_counts_sessions_and_plain_keys_that_were_really_there()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        string[] ids = [NewId(), NewId(), NewId()];
        foreach (var id in ids[..2]) client.Call("TM.CREATE", id, """{"user_id":"mixed"}""");
        client.Call("SET", "mixed:a", "1");
        client.Call("SET", "mixed:b", "1");
        Assert.Equal(":4\r\n", client.Call(["EXISTS", .. ids, "mixed:a", "mixed:b", "mixed:c"]));
        Assert.Equal(":4\r\n", client.Call(["DEL", .. ids, "mixed:a", "mixed:b", "mixed:c"]));
        Assert.Equal(":0\r\n", client.Call(["UNLINK", .. ids, "mixed:a", "mixed:b"]));
        string[] many = [.. Enumerable.Range(0, 1001).Select(_ => NewId())];
        Assert.StartsWith("-ERR TM-SESS-4002 1001 sessions", client.Call(["DEL", .. many]), StringComparison.Ordinal);
        Assert.Equal(":0\r\n", client.Call(["DEL", .. many[..1000]]));
        string[] plain = [.. Enumerable.Range(0, 1500).Select(i => $"mixed:{i}")];
        Assert.Equal(":0\r\n", client.Call(["DEL", .. plain]));
    }

    [Fact]
    public async Task What_a_session_cannot_do_is_said_clearly()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        var id = NewId();
        foreach (var words in new string[][]
        {
            ["INCR", id], ["APPEND", id, "x"], ["GETSET", id, "x"], ["SETEX", id, "10", "x"], ["GETDEL", id], ["PERSIST", id], ["STRLEN", id],
            ["MGET", id, "a"], ["MSET", id, "x", "a", "b"], ["EXPIREAT", id, "99999999999"], ["GETEX", id],
        })
        {
            Assert.Equal($"-ERR TM-ARG-1001 '{words[0].ToLowerInvariant()}' does not work on sessions\r\n", client.Call(words));
        }
        foreach (var words in new string[][] { ["GET", "tmss-123"], ["SET", "TMSS-x", "{}"], ["DEL", "tmss-"], ["DEL", "a", "tmss-1"], ["TM.TOUCH", "x"], ["TM.CREATE", "x", "{}"] })
            Assert.StartsWith("-ERR TM-ARG-1001 the key begins with tmss-", client.Call(words), StringComparison.Ordinal);
        Assert.Equal("-ERR syntax error\r\n", client.Call("SET", id, "{}", "NX"));
        Assert.Equal("-ERR syntax error\r\n", client.Call("SET", id, "{}", "EX"));
        Assert.Equal("-ERR syntax error\r\n", client.Call("EXPIRE", id, "10", "NX"));
        Assert.Equal("-ERR value is not an integer or out of range\r\n", client.Call("SET", id, "{}", "EX", "x"));
        Assert.Equal("-ERR value is not an integer or out of range\r\n", client.Call("EXPIRE", id, "x"));
        Assert.StartsWith("-ERR TM-ARG-1001 ttl_seconds: 0", client.Call("EXPIRE", id, "0"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR TM-SESS-4001 ttl_seconds: 2592001", client.Call("EXPIRE", id, "2592001"), StringComparison.Ordinal);
        foreach (var json in new[] { "", "x", "[]", "{", """{"user_id":1}""", """{"data":[]}""", """{"data":{"a":1}}""" })
            Assert.Equal("-ERR invalid JSON value\r\n", client.Call("SET", id, json));
        Assert.StartsWith("-ERR TM-SESS-4001 user_id", client.Call("SET", id, $$"""{"user_id":"{{new string('u', 129)}}","token":"abc"}"""), StringComparison.Ordinal);
        Assert.Equal("-ERR TM-TOKN-4000 Token malformed\r\n", client.Call("SET", id, """{"user_id":"u","token":"tmtk_x"}"""));
        Assert.StartsWith("-ERR TM-ARG-1002 user_id", client.Call("SET", id, """{"token":"abc"}"""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_quota_and_a_token_that_is_taken_are_refused()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        for (var i = 0; i < 50; i++) Assert.StartsWith("$", client.Call("TM.CREATE", NewId(), """{"user_id":"quota"}"""), StringComparison.Ordinal);
        Assert.StartsWith("-ERR TM-SESS-4002 ", client.Call("TM.CREATE", NewId(), """{"user_id":"quota"}"""), StringComparison.Ordinal);
        var token = NewToken();
        Assert.Equal(Ok, client.Call("SET", NewId(), $$"""{"user_id":"taken1","token":"{{token}}"}"""));
        Assert.StartsWith("-ERR TM-TOKN-4090 ", client.Call("SET", NewId(), $$"""{"user_id":"taken2","token":"{{token}}"}"""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_consistency_of_a_connection_can_be_chosen()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        client.Call("SET", "consistent", "v");
        foreach (var words in new string[][]
        {
            ["CLIENT", "TM.CONSISTENCY", "local"], ["CLIENT", "tm.consistency", "BOUNDED", "500"], ["CLIENT", "TM.CONSISTENCY", "bounded;max-ms=500"],
            ["CLIENT", "TM.CONSISTENCY", "linearizable"],
        })
        {
            Assert.Equal(Ok, client.Call(words));
            Assert.Equal("$1\r\nv\r\n", client.Call("GET", "consistent"));
        }
        foreach (var words in new string[][] { ["bounded"], ["bounded", "0"], ["bounded;max-ms=x"], ["local", "1"], ["nope"] })
            Assert.StartsWith("-ERR TM-ARG-1001 ", client.Call(["CLIENT", "TM.CONSISTENCY", .. words]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task INFO_has_what_client_libraries_look_for()
    {
        using var client = await host.ConnectAsync(ApiRole.Admin);
        client.Call("SET", "info", "v");
        var info = client.Call("INFO");
        foreach (var line in new[] { "redis_version:7.0.15", "loading:0", "role:master", "connected_clients:", "used_memory:", "db0:keys=", "cluster_enabled:0" })
            Assert.Contains("\r\n" + line, info, StringComparison.Ordinal);
        Assert.DoesNotContain("role:", client.Call("INFO", "server", "KEYSPACE"), StringComparison.Ordinal);
        Assert.Contains("name=me ", client.Call("CLIENT", "LIST") + client.Call("CLIENT", "SETNAME", "me") + client.Call("CLIENT", "INFO"), StringComparison.Ordinal);
        client.Call("HELLO", "3");
        Assert.StartsWith("=", client.Call("INFO", "server"), StringComparison.Ordinal);
        Assert.StartsWith("=", client.Call("CLIENT", "LIST"), StringComparison.Ordinal);
    }

    private static string NewId() => new SessionId(Ulid.Of(Now(), Guid.NewGuid().ToByteArray().AsSpan(0, 10))).ToString();

    private static string NewToken() => TokenRules.Format(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));

    private static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private static JsonElement Json(string bulk) => JsonDocument.Parse(bulk[(bulk.IndexOf('\n') + 1)..]).RootElement;
}
