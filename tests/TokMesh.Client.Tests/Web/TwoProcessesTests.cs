using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using TokMesh.Client.AspNetCore;
using TokMesh.Client.Tests.Harness;
using TokMesh.TestKit.Http;

namespace TokMesh.Client.Tests.Web;

/// <summary>Two web processes with one store between them.</summary>
[Collection(GatewayCollection.Name)]
public sealed class TwoProcessesTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    [Theory]
    [InlineData(0)]
    [InlineData(20_000)]
    public async Task Who_signs_in_on_one_and_out_on_the_other_is_refused_by_the_first_at_once(int size)
    {
        await using var one = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address);
        await using var two = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address);
        var cookie = await one.SignInAsync("alice", size);
        var another = await two.SignInAsync("alice", size);
        Assert.Equal((200, $"alice {size}"), await one.GetAsync("/me", cookie));
        Assert.Equal((200, $"alice {size}"), await two.GetAsync("/me", cookie));

        using (var signedOut = await two.SendAsync(HttpMethod.Post, "/out", cookie)) signedOut.EnsureSuccessStatusCode();

        Assert.Equal(401, (await one.GetAsync("/me", cookie)).Status);
        Assert.Equal(401, (await two.GetAsync("/me", cookie)).Status);
        Assert.Equal((200, $"alice {size}"), await one.GetAsync("/me", another));
    }

    [Fact]
    public async Task Who_is_revoked_in_the_store_is_refused_everywhere_at_once()
    {
        await using var one = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address);
        await using var two = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address);
        var cookies = new[] { await one.SignInAsync("bob"), await two.SignInAsync("bob") };
        using var client = Clients.Of(_gateway);
        Assert.Equal(2, await client.Sessions.RevokeUserAsync("bob"));
        foreach (var cookie in cookies)
        {
            Assert.Equal(401, (await one.GetAsync("/me", cookie)).Status);
            Assert.Equal(401, (await two.GetAsync("/me", cookie)).Status);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20_000)]
    public async Task Who_signs_in_over_anothers_cookie_gets_a_session_of_his_own(int size)
    {
        await using var one = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address);
        await using var two = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address);
        using var client = Clients.Of(_gateway);
        var first = "first " + size;
        var second = "second " + size;
        var cookie = await one.SignInAsync(first);
        foreach (var user in new[] { second, first, second })
        {
            using var response = await one.SendAsync(HttpMethod.Post, $"/in/{user}?size={size}", cookie);
            cookie = WebProcess.CookieOf(response)!;
            Assert.Equal((200, $"{user} {size}"), await two.GetAsync("/me", cookie));
            Assert.Equal(1, (await client.Sessions.ListAsync(new SessionQuery { UserId = user })).Total);
        }
        Assert.Equal(0, await client.Sessions.RevokeUserAsync(first));
        Assert.Equal((200, $"{second} {size}"), await two.GetAsync("/me", cookie));
        Assert.Equal(1, await client.Sessions.RevokeUserAsync(second));
        Assert.Equal(401, (await one.GetAsync("/me", cookie)).Status);
    }

    [Fact]
    public async Task Who_signed_in_over_anothers_cookie_can_sign_out()
    {
        await using var one = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address);
        var cookie = await one.SignInAsync("gone");
        using (var response = await one.SendAsync(HttpMethod.Post, "/in/stays", cookie)) cookie = WebProcess.CookieOf(response)!;
        using (var signedOut = await one.SendAsync(HttpMethod.Post, "/out", cookie)) signedOut.EnsureSuccessStatusCode();
        Assert.Equal(401, (await one.GetAsync("/me", cookie)).Status);
        using var client = Clients.Of(_gateway);
        foreach (var user in new[] { "gone", "stays" }) Assert.Equal(0, (await client.Sessions.ListAsync(new SessionQuery { UserId = user })).Total);
    }

    [Fact]
    public async Task A_cookie_is_not_larger_for_a_larger_ticket_and_does_not_hold_its_user()
    {
        await using var one = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address);
        var small = await one.SignInAsync("carol");
        var large = await one.SignInAsync("carol", 100_000);
        Assert.Equal(small.Length, large.Length);
        using var client = Clients.Of(_gateway);
        foreach (var session in (await client.Sessions.ListAsync(new SessionQuery { UserId = "carol" })).Items)
            Assert.DoesNotContain(session.Data.Values, v => v.Contains("carol", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_session_that_is_used_gets_a_new_life_span()
    {
        await using var one = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address, cookieLife: TimeSpan.FromSeconds(8));
        await using var two = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address, cookieLife: TimeSpan.FromSeconds(8));
        using var client = Clients.Of(_gateway);
        var cookie = await one.SignInAsync("dora", 10);
        var first = await ExpiryAsync();
        // Past half of its life a request renews it.
        string? renewed = null;
        await Wait.UntilAsync(async () =>
        {
            using var response = await one.SendAsync(HttpMethod.Get, "/me", cookie);
            Assert.Equal(200, (int)response.StatusCode);
            renewed = WebProcess.CookieOf(response);
            return renewed is not null;
        });
        Assert.True(await ExpiryAsync() > first);
        Assert.Equal((200, "dora 10"), await two.GetAsync("/me", renewed));
        await Wait.UntilAsync(async () => (await two.GetAsync("/me", renewed)).Status == 401 || DateTimeOffset.UtcNow > first);
        Assert.Equal((200, "dora 10"), await one.GetAsync("/me", renewed));

        async Task<DateTimeOffset> ExpiryAsync() => Assert.Single((await client.Sessions.ListAsync(new SessionQuery { UserId = "dora" })).Items).ExpiresAt;
    }

    [Fact]
    public async Task Nobody_is_let_in_while_the_store_does_not_answer()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var one = await WebProcess.StartAsync(gateway.Issuer, gateway.Address);
        var cookie = await one.SignInAsync("erna");
        Assert.Equal(200, (await one.GetAsync("/me", cookie)).Status);
        await gateway.DisposeAsync();
        Assert.Equal(500, (await one.GetAsync("/me", cookie)).Status);
    }

    [Fact]
    public async Task Processes_that_start_at_once_share_their_keys()
    {
        await using var gateway = await TestGateway.StartAsync();
        var processes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => WebProcess.StartAsync(gateway.Issuer, gateway.Address)));
        var secrets = await Task.WhenAll(processes.Select(p => Task.Run(() => ProtectorOf(p).Protect("secret"u8.ToArray()))));
        // One that comes later knows every key that any of them made.
        await using var late = await WebProcess.StartAsync(gateway.Issuer, gateway.Address);
        foreach (var secret in secrets) Assert.Equal("secret"u8.ToArray(), ProtectorOf(late).Unprotect(secret));
        foreach (var process in processes) await process.DisposeAsync();

        static IDataProtector ProtectorOf(WebProcess process) => process.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test");
    }

    [Fact]
    public async Task Keys_that_two_store_at_once_are_both_there()
    {
        using var client = Clients.Of(_gateway);
        var repository = new TokMeshXmlRepository(client, "dp/" + Guid.NewGuid().ToString("N"));
        Assert.Empty(repository.GetAllElements());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() => repository.StoreElement(new System.Xml.Linq.XElement("key", n), "n"))));
        Assert.Equal(Enumerable.Range(0, 8), repository.GetAllElements().Select(e => (int)e).Order());
    }
}
