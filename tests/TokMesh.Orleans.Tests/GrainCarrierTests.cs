using Microsoft.Extensions.DependencyInjection;
using TokMesh.Client;
using TokMesh.Client.Orleans;

namespace TokMesh.Orleans.Tests;

/// <summary>The client through Orleans: from a client process, and from code in a silo.</summary>
[Collection(SiloCollection.Name)]
public sealed class GrainCarrierTests(OneSilo silo)
{
    private readonly OrleansTokMeshClient _client = new(silo.Cluster.Client);
    private readonly string _user = "user " + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task A_session_comes_back_as_it_was_made()
    {
        var created = await _client.Sessions.CreateAsync(new NewSession
        {
            UserId = _user,
            DeviceId = "phone",
            Ttl = TimeSpan.FromMilliseconds(59_001),
            Data = new Dictionary<string, string> { ["a"] = "1", ["b"] = "ü" },
        });
        var session = (await _client.Sessions.GetAsync(created.Id))!;
        Assert.Equal((created.Id, _user, "phone", 1UL, created.ExpiresAt), (session.Id, session.UserId, session.DeviceId, session.Version, session.ExpiresAt));
        Assert.Equal([new("a", "1"), new("b", "ü")], session.Data);
        Assert.Equal(TimeSpan.FromSeconds(60), session.ExpiresAt - session.CreatedAt);
        Assert.Equal("", session.CreatedBy);
        Assert.Equal(TimeSpan.FromHours(2), await LifeAsync(new NewSession { UserId = _user }));
    }

    [Fact]
    public async Task A_token_is_valid_until_its_session_is_revoked()
    {
        var created = await _client.Sessions.CreateAsync(new NewSession { UserId = _user });
        Assert.Equal(created.Id, (await _client.Sessions.ValidateAsync(created.Token, touch: true)).Session!.Id);
        Assert.NotNull(await _client.Sessions.TouchAsync(created.Id));
        Assert.True(await _client.Sessions.RenewAsync(created.Id, TimeSpan.FromHours(5)) > created.ExpiresAt);
        await _client.Sessions.RevokeAsync(created.Id);
        Assert.Equal(TokenStatus.Revoked, (await _client.Sessions.ValidateAsync(created.Token)).Status);
        Assert.Null(await _client.Sessions.GetAsync(created.Id));
        Assert.Null(await _client.Sessions.TouchAsync(created.Id));
        Assert.Null(await _client.Sessions.RenewAsync(created.Id, TimeSpan.FromHours(5)));
    }

    [Fact]
    public async Task A_change_that_is_tied_to_a_version_is_made_of_that_version_alone()
    {
        var created = await _client.Sessions.CreateAsync(new NewSession { UserId = _user });
        Assert.Equal(new ConditionalResult(ConditionalStatus.Conflict, 1), await _client.Sessions.RenewIfAsync(created.Id, 2, TimeSpan.FromHours(5)));
        Assert.Equal(new ConditionalResult(ConditionalStatus.Done), await _client.Sessions.RenewIfAsync(created.Id, 1, TimeSpan.FromHours(5)));
        Assert.Equal(new ConditionalResult(ConditionalStatus.Conflict, 2), await _client.Sessions.RevokeIfAsync(created.Id, 1));
        Assert.Equal(new ConditionalResult(ConditionalStatus.Done), await _client.Sessions.RevokeIfAsync(created.Id, 2));
        Assert.Equal(new ConditionalResult(ConditionalStatus.NotFound), await _client.Sessions.RevokeIfAsync(created.Id, 2));
        Assert.Equal(new ConditionalResult(ConditionalStatus.NotFound), await _client.Sessions.RenewIfAsync(created.Id, 2, TimeSpan.FromHours(5)));
    }

    [Theory]
    [InlineData(@"\ud800")]
    [InlineData(@"a\0")]
    public async Task What_is_no_text_is_refused_before_it_is_sent_and_by_the_grains(string escaped)
    {
        // Attributes are stored as UTF-8, which has no place for it.
        var bad = System.Text.RegularExpressions.Regex.Unescape(escaped);
        await RefusedAsync(() => _client.Sessions.CreateAsync(new NewSession { UserId = bad }));
        await RefusedAsync(() => _client.Sessions.RevokeUserAsync(bad));
        await RefusedAsync(() => _client.Sessions.ListAsync(new SessionQuery { UserId = _user, DeviceId = bad }));
        await RefusedAsync(() => _client.Keys.GetAsync(bad));
        await RefusedAsync(() => _client.Keys.SetAsync(bad, new byte[1]));
        await RefusedAsync(() => _client.Keys.DeleteAsync(bad));
        // Inside a silo nothing is serialized: the grain gets what its caller has.
        var grains = silo.Silo.GetRequiredService<IGrainFactory>();
        var call = new CallWire(0, 0, 1000);
        Assert.Equal("TM-ARG-1001", (await grains.GetGrain<ISessionGrain>(0).RevokeUserAsync(bad, call, default)).Code);
        Assert.Equal("TM-ARG-1001", (await grains.GetGrain<IKeyValueGrain>(0).GetAsync(bad, call, default)).Code);

        static async Task RefusedAsync(Func<Task> call)
        {
            var e = await Assert.ThrowsAsync<TokMeshException>(call);
            Assert.Equal((TokMeshErrorCode.ArgumentInvalid, TokMeshOutcome.Refused), (e.Code, e.Outcome));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("tmtk_short")]
    [InlineData("nobody-has-this")]
    public async Task What_is_no_token_is_invalid(string token) => Assert.Equal(TokenStatus.Invalid, (await _client.Sessions.ValidateAsync(token)).Status);

    [Fact]
    public async Task The_rules_are_those_of_the_HTTP_front_end()
    {
        await RefusedAsync(TokMeshErrorCode.SessionRuleViolation, () => _client.Sessions.CreateAsync(new NewSession { UserId = new string('u', 129) }));
        await RefusedAsync(TokMeshErrorCode.SessionRuleViolation, () => _client.Sessions.CreateAsync(new NewSession { UserId = _user, Ttl = TimeSpan.FromDays(2) }));
        await RefusedAsync(TokMeshErrorCode.TokenMalformed, () => _client.Sessions.CreateAsync(new NewSession { UserId = _user, Token = "tmtk_short" }));
        await RefusedAsync(TokMeshErrorCode.ArgumentInvalid, () => _client.Sessions.GetAsync("not an id"));
        await RefusedAsync(TokMeshErrorCode.ArgumentInvalid, () => _client.Keys.GetAsync("tmss-x"));
        await RefusedAsync("TM-KEYS-4007", () => _client.Keys.SetAsync("long", new byte[(16 << 20) + 1]));
        for (var n = 0; n < 3; n++) await _client.Sessions.CreateAsync(new NewSession { UserId = _user });
        await RefusedAsync(TokMeshErrorCode.SessionQuotaExceeded, () => _client.Sessions.CreateAsync(new NewSession { UserId = _user }));

        static async Task RefusedAsync(string code, Func<Task> call)
        {
            var e = await Assert.ThrowsAsync<TokMeshException>(call);
            Assert.Equal((code, TokMeshOutcome.Refused), (e.Code, e.Outcome));
        }
    }

    [Fact]
    public async Task Sessions_are_listed_in_pages_and_end_all_at_once()
    {
        var ids = new List<string>();
        for (var n = 0; n < 3; n++) ids.Add((await _client.Sessions.CreateAsync(new NewSession { UserId = _user, DeviceId = n == 2 ? "tv" : "pc" })).Id);
        var second = await _client.Sessions.ListAsync(new SessionQuery { UserId = _user, Page = 2, PageSize = 2, Ascending = true });
        Assert.Equal((3, ids[2]), (second.Total, Assert.Single(second.Items).Id));
        Assert.Equal(ids[2], Assert.Single((await _client.Sessions.ListAsync(new SessionQuery { UserId = _user, DeviceId = "tv" })).Items).Id);
        Assert.Equal(3, await _client.Sessions.RevokeUserAsync(_user));
        Assert.Equal(0, (await _client.Sessions.ListAsync(new SessionQuery { UserId = _user })).Total);
    }

    [Fact]
    public async Task A_key_holds_any_bytes_under_any_condition()
    {
        var key = "ключ/" + _user;
        Assert.Null(await _client.Keys.GetAsync(key));
        var first = await _client.Keys.SetAsync(key, new byte[] { 0xFF, 0 }, TimeSpan.FromHours(1), ifVersion: 0);
        var entry = (await _client.Keys.GetAsync(key))!;
        Assert.Equal([0xFF, 0], entry.Value.ToArray());
        Assert.Equal(first.Version, entry.Version);
        Assert.InRange(entry.ExpiresAt!.Value, DateTimeOffset.UtcNow.AddMinutes(59), DateTimeOffset.UtcNow.AddMinutes(61));
        Assert.Equal(new SetResult(false, first.Version), await _client.Keys.SetAsync(key, new byte[1], ifVersion: 0));
        Assert.Equal(new DeleteResult(DeleteStatus.Conflict, first.Version), await _client.Keys.DeleteAsync(key, first.Version + 1));
        Assert.Equal(DeleteStatus.Deleted, (await _client.Keys.DeleteAsync(key, first.Version)).Status);
        Assert.Equal(DeleteStatus.NotFound, (await _client.Keys.DeleteAsync(key)).Status);
    }

    [Fact]
    public async Task Every_consistency_level_is_taken()
    {
        await _client.Keys.SetAsync(_user, new byte[1]);
        foreach (var consistency in new[] { Consistency.Linearizable, Consistency.Local, Consistency.Bounded(TimeSpan.FromMilliseconds(500)) })
            Assert.NotNull(await _client.Keys.GetAsync(_user, new CallOptions { Consistency = consistency }));
    }

    [Fact]
    public async Task Code_in_a_silo_has_the_same_client()
    {
        using var services = new ServiceCollection()
            .AddSingleton(silo.Silo.GetRequiredService<IGrainFactory>())
            .AddTokMeshOrleansClient(o => o.Deadline = TimeSpan.FromSeconds(5))
            .BuildServiceProvider();
        var inside = services.GetRequiredService<ITokMeshClient>();
        await inside.Keys.SetAsync(_user, "x"u8.ToArray());
        Assert.Equal("x"u8.ToArray(), (await _client.Keys.GetAsync(_user))!.Value.ToArray());
    }

    private async Task<TimeSpan> LifeAsync(NewSession session)
    {
        var created = await _client.Sessions.CreateAsync(session);
        var stored = (await _client.Sessions.GetAsync(created.Id))!;
        return stored.ExpiresAt - stored.CreatedAt;
    }
}
