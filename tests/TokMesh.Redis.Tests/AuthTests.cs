using TokMesh.Cluster.Meta;
using TokMesh.Redis.Commands;
using TokMesh.Redis.FrontEnd;

namespace TokMesh.Redis.Tests;

public sealed class AuthTests(RedisHost host) : IClassFixture<RedisHost>
{
    private const string Session = "tmss-01kcnxr35v2t8htzb9y878q677";
    private const string NoAuth = "-NOAUTH Authentication required.\r\n";
    private const string WrongPass = "-WRONGPASS TM-AUTH-4011 invalid username-password pair or user is disabled.\r\n";

    [Fact]
    public async Task Before_AUTH_every_command_is_refused()
    {
        using var client = await host.ConnectAsync();
        foreach (var command in CommandTable.All)
        {
            if (command.Access == Access.Open) continue;
            string[] words = [command.Name, .. Enumerable.Repeat("x", Math.Abs(command.Arity) - 1)];
            Assert.Equal(NoAuth, client.Call(words));
        }
    }

    [Fact]
    public async Task Every_form_of_credentials_works()
    {
        var (id, secret) = host.KeyOf(ApiRole.Issuer);
        foreach (var words in new string[][]
        {
            ["AUTH", id, secret], ["AUTH", id.ToUpperInvariant(), secret], ["AUTH", $"{id}:{secret}"], ["AUTH", "default", $"{id}:{secret}"],
        })
        {
            using var client = await host.ConnectAsync();
            Assert.Equal("+OK\r\n", client.Call(words));
            Assert.Equal("+PONG\r\n", client.Call("PING"));
        }
        using var hello = await host.ConnectAsync();
        Assert.StartsWith("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n", hello.Call("HELLO", "3", "AUTH", id, secret, "SETNAME", "me"), StringComparison.Ordinal);
        Assert.Equal("$2\r\nme\r\n", hello.Call("CLIENT", "GETNAME"));
    }

    [Fact]
    public async Task Bad_credentials_are_refused_and_leave_an_earlier_login_alone()
    {
        var (id, secret) = host.KeyOf(ApiRole.Issuer);
        using var client = await host.ConnectAsync();
        Assert.Equal(WrongPass, client.Call("AUTH", id, secret[..^1] + (secret[^1] == 'a' ? 'b' : 'a')));
        Assert.Equal(WrongPass, client.Call("AUTH", "tmak-01kcnxr35w74x1hx85s8rp3pje", secret));
        Assert.StartsWith("-ERR invalid AUTH format", client.Call("AUTH", secret), StringComparison.Ordinal);
        Assert.Equal(NoAuth, client.Call("PING"));
        Assert.Equal("+OK\r\n", client.Call("AUTH", id, secret));
        Assert.Equal(WrongPass, client.Call("AUTH", id, "wrong"));
        Assert.Equal("+PONG\r\n", client.Call("PING"));
        Assert.Equal("+RESET\r\n", client.Call("RESET"));
        Assert.Equal(NoAuth, client.Call("PING"));
    }

    [Fact]
    public async Task The_role_table_of_the_contract_holds()
    {
        // Roles: metrics, validator, issuer, admin.
        var table = new (string Allowed, string[] Words)[]
        {
            ("mvia", ["PING"]), ("mvia", ["INFO"]), ("mvia", ["CONFIG", "GET", "save"]), ("mvia", ["CLIENT", "ID"]), ("mvia", ["COMMAND", "COUNT"]),
            ("via", ["GET", Session]), ("via", ["TTL", Session]), ("via", ["PTTL", Session]), ("via", ["EXISTS", Session]), ("via", ["TYPE", Session]),
            ("via", ["EXISTS", Session, Session]), ("via", ["TM.TOUCH", Session]), ("via", ["TM.VALIDATE", "some-token"]),
            ("ia", ["SET", Session, "{}"]), ("ia", ["DEL", Session]), ("ia", ["UNLINK", Session]), ("ia", ["EXPIRE", Session, "10"]),
            ("ia", ["TM.CREATE", Session, "{}"]), ("ia", ["TM.REVOKE_USER", "nobody"]),
            ("ia", ["GET", "plain"]), ("ia", ["SET", "plain", "v"]), ("ia", ["MGET", "plain"]), ("ia", ["TTL", "plain"]), ("ia", ["EXISTS", Session, "plain"]),
            ("ia", ["DEL", "plain"]), ("ia", ["INCR", "plain:n"]), ("ia", ["DBSIZE"]),
            ("a", ["SCAN", "0"]), ("a", ["CLIENT", "LIST"]),
        };
        foreach (var role in Enum.GetValues<ApiRole>())
        {
            using var client = await host.ConnectAsync(role);
            foreach (var (allowed, words) in table)
            {
                var refused = client.Call(words).StartsWith("-NOPERM TM-AUTH-4030 ", StringComparison.Ordinal);
                Assert.True(refused != allowed.Contains(char.ToLowerInvariant(role.ToString()[0])), $"{role}: {string.Join(' ', words)}");
            }
        }
    }

    [Fact]
    public async Task A_key_that_is_disabled_or_expires_is_refused_from_the_next_command_on()
    {
        var own = new RedisHost();
        await own.InitializeAsync();
        using (var client = await own.ConnectAsync(ApiRole.Issuer))
        {
            await own.PutKeyAsync(ApiRole.Issuer, 2, k => k with { Enabled = false });
            Assert.Equal("-NOAUTH TM-AUTH-4012 API key disabled\r\n", client.Call("GET", "k"));
            var (id, secret) = own.KeyOf(ApiRole.Issuer);
            Assert.Equal("-WRONGPASS TM-AUTH-4012 API key disabled\r\n", client.Call("AUTH", id, secret));
            await own.PutKeyAsync(ApiRole.Issuer, 3, k => k with { Enabled = true, ExpiresAtMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + 150 });
            Assert.Equal("$-1\r\n", client.Call("GET", "k"));
            await Task.Delay(200);
            Assert.Equal("-NOAUTH TM-AUTH-4011 invalid API key\r\n", client.Call("GET", "k"));
            await own.PutKeyAsync(ApiRole.Issuer, 4, k => k with { ExpiresAtMs = 0, Role = ApiRole.Validator });
            Assert.StartsWith("-NOPERM", client.Call("GET", "k"), StringComparison.Ordinal);
        }
        await own.DisposeAsync();
    }

    [Fact]
    public async Task An_address_that_fails_too_often_is_slowed_down_and_disconnected()
    {
        var own = new RedisHost(new RedisFrontEndOptions { FailedLoginsPerMinute = 3 });
        await own.InitializeAsync();
        using (var client = await own.ConnectAsync())
        {
            for (var i = 0; i < 3; i++) Assert.Equal(WrongPass, client.Call("AUTH", "x", "y"));
            var watch = System.Diagnostics.Stopwatch.StartNew();
            Assert.Equal(WrongPass, client.Call("AUTH", "x", "y"));
            Assert.InRange(watch.ElapsedMilliseconds, 900, 5000);
            Assert.Equal("", client.Read());
            // Right credentials are only slowed.
            using var honest = await own.ConnectAsync(ApiRole.Issuer);
            Assert.Equal("+PONG\r\n", honest.Call("PING"));
        }
        await own.DisposeAsync();
    }

    [Fact]
    public void The_failure_buckets_forget_after_a_minute()
    {
        var logins = new FailedLogins(2);
        var address = System.Net.IPAddress.Loopback;
        logins.Add(address, 0);
        Assert.False(logins.TooMany(address, 0));
        logins.Add(address, 10);
        Assert.True(logins.TooMany(address, 59_999));
        Assert.False(logins.TooMany(address, 60_000));
        logins.Add(address, 60_001);
        Assert.False(logins.TooMany(address, 60_001));
    }

    [Fact]
    public async Task A_key_with_a_rate_limit_is_asked_for_at_every_command()
    {
        var left = 2;
        var own = new RedisHost(new RedisFrontEndOptions(), admit: _ => left-- > 0);
        await own.InitializeAsync();
        using (var client = await own.ConnectAsync(ApiRole.Issuer))
        {
            for (var i = 0; i < 5; i++) Assert.Equal("+PONG\r\n", client.Call("PING"));
            await own.PutKeyAsync(ApiRole.Issuer, 2, k => k with { RateLimit = 1 });
            for (var i = 0; i < 2; i++) Assert.Equal("+PONG\r\n", client.Call("PING"));
            Assert.Equal("-ERR TM-SYS-4290 too many requests\r\n", client.Call("PING"));
        }
        await own.DisposeAsync();
    }

    [Fact]
    public void Options_that_cannot_be_name_every_problem()
    {
        var problems = new RedisFrontEndOptions { CommandTimeoutMs = 0, MaxBulkBytes = int.MaxValue, FailedLoginsPerMinute = 0 }.Validate();
        Assert.Equal(4, problems.Count);
        Assert.Empty(new RedisFrontEndOptions().Validate());
    }
}
