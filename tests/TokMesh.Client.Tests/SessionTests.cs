using TokMesh.Client.Tests.Harness;
using TokMesh.Cluster.Sessions;
using TokMesh.Gateway.FrontEnd;
using TokMesh.TestKit.Http;

namespace TokMesh.Client.Tests;

/// <summary>Sessions over HTTP, on a real node.</summary>
[Collection(GatewayCollection.Name)]
public sealed class SessionTests(SharedGateway shared) : IDisposable
{
    private readonly HttpTokMeshClient _client = Clients.Of(shared.Gateway);

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_session_comes_back_as_it_was_made()
    {
        var before = DateTimeOffset.UtcNow;
        var created = await _client.Sessions.CreateAsync(new NewSession
        {
            UserId = "ünï cödé/%2F?&#",
            DeviceId = "phone",
            Ttl = TimeSpan.FromMilliseconds(59_001),
            Data = new Dictionary<string, string> { ["a"] = "1", ["b"] = "\"ü\"" },
        });
        var session = (await _client.Sessions.GetAsync(created.Id))!;
        Assert.Equal((created.Id, "ünï cödé/%2F?&#", "phone", 1UL, created.ExpiresAt), (session.Id, session.UserId, session.DeviceId, session.Version, session.ExpiresAt));
        Assert.Equal([new("a", "1"), new("b", "\"ü\"")], session.Data);
        Assert.Equal(TimeSpan.FromSeconds(60), session.ExpiresAt - session.CreatedAt);
        Assert.InRange(session.CreatedAt, before.AddSeconds(-1), DateTimeOffset.UtcNow.AddSeconds(1));
        Assert.Equal("127.0.0.1", session.IpAddress);
        Assert.StartsWith("tmak-", session.CreatedBy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_valid_until_its_session_is_revoked()
    {
        var created = await _client.Sessions.CreateAsync(new NewSession { UserId = "validate" });
        var valid = await _client.Sessions.ValidateAsync(created.Token);
        Assert.True(valid.IsValid);
        Assert.Equal(created.Id, valid.Session.Id);
        await _client.Sessions.RevokeAsync(created.Id);
        await _client.Sessions.RevokeAsync(created.Id);
        Assert.Equal(TokenStatus.Revoked, (await _client.Sessions.ValidateAsync(created.Token)).Status);
        Assert.Null(await _client.Sessions.GetAsync(created.Id));
    }

    [Theory]
    [InlineData("")]
    [InlineData("tmtk_short")]
    [InlineData("with space")]
    [InlineData("nobody-has-this")]
    public async Task What_is_no_token_is_invalid(string token) => Assert.Equal(TokenStatus.Invalid, (await _client.Sessions.ValidateAsync(token)).Status);

    [Fact]
    public async Task An_expired_token_says_so()
    {
        var created = await _client.Sessions.CreateAsync(new NewSession { UserId = "expired", Ttl = TimeSpan.FromSeconds(1) });
        await Wait.UntilAsync(async () => !(await _client.Sessions.ValidateAsync(created.Token)).IsValid);
        Assert.Equal(TokenStatus.Expired, (await _client.Sessions.ValidateAsync(created.Token)).Status);
        Assert.Null(await _client.Sessions.RenewAsync(created.Id, TimeSpan.FromHours(1)));
        Assert.Null(await _client.Sessions.TouchAsync(created.Id));
    }

    [Fact]
    public async Task A_touch_moves_the_last_activity_and_a_renewal_the_expiry()
    {
        var created = await _client.Sessions.CreateAsync(new NewSession { UserId = "touch", Ttl = TimeSpan.FromHours(1) });
        var first = (await _client.Sessions.TouchAsync(created.Id))!.LastActive;
        await Wait.UntilAsync(async () => (await _client.Sessions.ValidateAsync(created.Token, touch: true)).Session!.LastActive > first);
        var expires = await _client.Sessions.RenewAsync(created.Id, TimeSpan.FromHours(2));
        Assert.True(expires > created.ExpiresAt);
        Assert.Equal((expires, 2UL), ((await _client.Sessions.GetAsync(created.Id))!.ExpiresAt, (await _client.Sessions.GetAsync(created.Id))!.Version));
    }

    [Fact]
    public async Task A_change_that_is_tied_to_a_version_is_made_of_that_version_alone()
    {
        var created = await _client.Sessions.CreateAsync(new NewSession { UserId = "conditional", Ttl = TimeSpan.FromHours(1) });
        Assert.Equal(new ConditionalResult(ConditionalStatus.Conflict, 1), await _client.Sessions.RenewIfAsync(created.Id, 2, TimeSpan.FromHours(2)));
        Assert.Equal(created.ExpiresAt, (await _client.Sessions.GetAsync(created.Id))!.ExpiresAt);
        Assert.Equal(new ConditionalResult(ConditionalStatus.Done), await _client.Sessions.RenewIfAsync(created.Id, 1, TimeSpan.FromHours(2)));
        Assert.True((await _client.Sessions.GetAsync(created.Id))!.ExpiresAt > created.ExpiresAt);
        Assert.Equal(new ConditionalResult(ConditionalStatus.Conflict, 2), await _client.Sessions.RevokeIfAsync(created.Id, 1));
        Assert.Equal(new ConditionalResult(ConditionalStatus.Done), await _client.Sessions.RevokeIfAsync(created.Id, 2));
        Assert.Equal(new ConditionalResult(ConditionalStatus.NotFound), await _client.Sessions.RevokeIfAsync(created.Id, 2));
        Assert.Equal(new ConditionalResult(ConditionalStatus.NotFound), await _client.Sessions.RenewIfAsync(created.Id, 2, TimeSpan.FromHours(2)));
        Assert.Equal(TokenStatus.Revoked, (await _client.Sessions.ValidateAsync(created.Token)).Status);
    }

    [Theory]
    [InlineData(@"\ud800")]
    [InlineData(@"a\udc00b")]
    [InlineData(@"a\0")]
    public async Task What_is_no_text_is_refused_before_it_is_sent(string escaped)
    {
        // Attributes are stored as UTF-8, which has no place for it.
        var bad = System.Text.RegularExpressions.Regex.Unescape(escaped);
        using var client = new Script().Client();
        await RefusedAsync(() => client.Sessions.CreateAsync(new NewSession { UserId = bad }));
        await RefusedAsync(() => client.Sessions.CreateAsync(new NewSession { UserId = "u", DeviceId = bad }));
        await RefusedAsync(() => client.Sessions.CreateAsync(new NewSession { UserId = "u", Data = new Dictionary<string, string> { [bad] = "" } }));
        await RefusedAsync(() => client.Sessions.CreateAsync(new NewSession { UserId = "u", Data = new Dictionary<string, string> { ["a"] = bad } }));
        await RefusedAsync(() => client.Sessions.RevokeUserAsync(bad));
        await RefusedAsync(() => client.Sessions.ListAsync(new SessionQuery { UserId = bad }));
        await RefusedAsync(() => client.Sessions.ListAsync(new SessionQuery { UserId = "u", DeviceId = bad }));
        await RefusedAsync(() => client.Sessions.GetAsync(bad));
        await RefusedAsync(() => client.Keys.GetAsync(bad));
        await RefusedAsync(() => client.Keys.SetAsync(bad, new byte[1]));
        await RefusedAsync(() => client.Keys.DeleteAsync(bad));
        Assert.Equal(TokenStatus.Invalid, (await _client.Sessions.ValidateAsync(bad)).Status);

        static async Task RefusedAsync(Func<Task> call)
        {
            var e = await Assert.ThrowsAsync<TokMeshException>(call);
            Assert.Equal((TokMeshErrorCode.ArgumentInvalid, TokMeshOutcome.Refused), (e.Code, e.Outcome));
        }
    }

    [Fact]
    public async Task All_sessions_of_a_user_end_at_once()
    {
        var tokens = new List<string>();
        for (var n = 0; n < 3; n++) tokens.Add((await _client.Sessions.CreateAsync(new NewSession { UserId = "all/of them" })).Token);
        Assert.Equal(3, await _client.Sessions.RevokeUserAsync("all/of them"));
        foreach (var token in tokens) Assert.Equal(TokenStatus.Revoked, (await _client.Sessions.ValidateAsync(token)).Status);
        Assert.Equal(0, await _client.Sessions.RevokeUserAsync("all/of them"));
    }

    [Fact]
    public async Task A_users_sessions_are_listed_in_pages()
    {
        var ids = new List<string>();
        for (var n = 0; n < 5; n++) ids.Add((await _client.Sessions.CreateAsync(new NewSession { UserId = "pages", DeviceId = n == 4 ? "tv" : "pc" })).Id);
        var second = await _client.Sessions.ListAsync(new SessionQuery { UserId = "pages", Page = 2, PageSize = 2, Ascending = true });
        Assert.Equal(5, second.Total);
        Assert.Equal(ids[2..4], second.Items.Select(s => s.Id));
        Assert.Equal(ids[4], Assert.Single((await _client.Sessions.ListAsync(new SessionQuery { UserId = "pages", DeviceId = "tv", ByLastActive = true })).Items).Id);
        Assert.Empty((await _client.Sessions.ListAsync(new SessionQuery { UserId = "nobody" })).Items);
    }

    [Fact]
    public async Task A_dictated_token_is_taken_once()
    {
        var token = "dictated-" + Guid.NewGuid().ToString("N");
        Assert.Equal(token, (await _client.Sessions.CreateAsync(new NewSession { UserId = "dictates", Token = token })).Token);
        var e = await Assert.ThrowsAsync<TokMeshException>(() => _client.Sessions.CreateAsync(new NewSession { UserId = "copies", Token = token }));
        Assert.Equal((TokMeshErrorCode.TokenConflict, TokMeshOutcome.Refused), (e.Code, e.Outcome));
        Assert.DoesNotContain(token, e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_has_so_many_sessions_and_no_more()
    {
        await using var gateway = await TestGateway.StartAsync(limits: new SessionLimits { QuotaPerUser = 1 });
        using var client = Clients.Of(gateway);
        await client.Sessions.CreateAsync(new NewSession { UserId = "u" });
        var e = await Assert.ThrowsAsync<TokMeshException>(() => client.Sessions.CreateAsync(new NewSession { UserId = "u" }));
        Assert.Equal((TokMeshErrorCode.SessionQuotaExceeded, TokMeshOutcome.Refused), (e.Code, e.Outcome));
    }

    [Fact]
    public async Task Every_consistency_level_is_taken()
    {
        var created = await _client.Sessions.CreateAsync(new NewSession { UserId = "levels" });
        foreach (var consistency in new[] { Consistency.Linearizable, Consistency.Local, Consistency.Bounded(TimeSpan.FromMilliseconds(500)) })
            Assert.True((await _client.Sessions.ValidateAsync(created.Token, options: new CallOptions { Consistency = consistency })).IsValid);
    }

    [Fact]
    public async Task A_key_that_may_not_and_a_key_that_is_none_are_refused()
    {
        using var validator = Clients.Of(shared.Gateway.Validator, shared.Gateway.Address);
        Assert.Equal(TokMeshErrorCode.Forbidden, (await Assert.ThrowsAsync<TokMeshException>(() => validator.Sessions.CreateAsync(new NewSession { UserId = "u" }))).Code);
        using var nobody = Clients.Of(shared.Gateway.Issuer + "x", shared.Gateway.Address);
        var e = await Assert.ThrowsAsync<TokMeshException>(() => nobody.Sessions.ValidateAsync("t"));
        Assert.Equal((TokMeshErrorCode.ApiKeyInvalid, TokMeshOutcome.Refused), (e.Code, e.Outcome));
        Assert.DoesNotContain(shared.Gateway.Issuer.Split(':')[1], e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_would_lead_elsewhere_in_a_path_is_refused_before_it_is_sent()
    {
        foreach (var name in new[] { ".", ".." })
        {
            Assert.Equal(TokMeshOutcome.Refused, (await Assert.ThrowsAsync<TokMeshException>(() => _client.Sessions.RevokeUserAsync(name))).Outcome);
            Assert.Equal(TokMeshOutcome.Refused, (await Assert.ThrowsAsync<TokMeshException>(() => _client.Keys.GetAsync(name))).Outcome);
        }
    }

    [Fact]
    public async Task Anti_replay_headers_satisfy_a_cluster_that_requires_them()
    {
        await using var gateway = await TestGateway.StartAsync(new GatewayOptions { AntiReplay = new() { Required = true } });
        using var without = Clients.Of(gateway);
        await Assert.ThrowsAsync<TokMeshException>(() => without.Keys.SetAsync("k", new byte[1]));
        var options = new TokMeshClientOptions { ApiKey = gateway.Issuer, AntiReplayHeaders = true };
        options.Endpoints.Add(gateway.Address);
        using var with = new HttpTokMeshClient(options);
        for (var n = 0; n < 3; n++) Assert.True((await with.Keys.SetAsync("k", new byte[1])).Written);
    }

    [Fact]
    public void Nothing_secret_is_printed()
    {
        var created = new CreatedSession { Id = "tmss-1", Token = "secret-token", ExpiresAt = default };
        var asked = new NewSession { UserId = "private-user", Token = "secret-token" };
        var session = new Session { Id = "tmss-1", UserId = "private-user", CreatedAt = default, ExpiresAt = default, LastActive = default, Version = 1 };
        var options = new TokMeshClientOptions { ApiKey = "id:secret-key" };
        foreach (var text in new[] { $"{created}", $"{asked}", $"{session}", $"{TokenValidation.Valid(session)}", $"{options}", $"{new SessionPage([session], 1)}" })
        {
            Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
            Assert.DoesNotContain("private", text, StringComparison.Ordinal);
        }
    }
}
