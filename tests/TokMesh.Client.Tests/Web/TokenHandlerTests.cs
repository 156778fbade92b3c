using System.Security.Claims;
using TokMesh.Client.Tests.Harness;
using TokMesh.TestKit.Http;

namespace TokMesh.Client.Tests.Web;

/// <summary>An API behind TokMesh tokens.</summary>
[Collection(GatewayCollection.Name)]
public sealed class TokenHandlerTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    [Fact]
    public async Task A_token_lets_its_user_in_until_it_is_revoked()
    {
        await using var web = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address, o => o.AddClaims = (s, identity) => identity.AddClaim(new Claim("role", s.Data["role"])));
        using var client = Clients.Of(_gateway);
        var created = await client.Sessions.CreateAsync(new NewSession { UserId = "api user", Data = new Dictionary<string, string> { ["role"] = " reader" } });
        Assert.Equal((200, $"api user {created.Id} reader"), await web.GetAsync("/api", bearer: "bearer  " + created.Token));
        await client.Sessions.RevokeAsync(created.Id);
        using var refused = await web.SendAsync(HttpMethod.Get, "/api", bearer: "Bearer " + created.Token);
        Assert.Equal(401, (int)refused.StatusCode);
        // That it was once a token is not told.
        Assert.Equal("Bearer error=\"invalid_token\", error_description=\"The token is invalid\"", refused.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Without_a_token_the_scheme_is_named_and_nothing_else()
    {
        await using var web = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address);
        foreach (var header in new[] { null, "Basic abc" })
        {
            using var response = await web.SendAsync(HttpMethod.Get, "/api", bearer: header);
            Assert.Equal((401, "Bearer"), ((int)response.StatusCode, response.Headers.WwwAuthenticate.ToString()));
        }
    }

    [Theory]
    [InlineData("Bearer tmtk_short")]
    [InlineData("Bearer  ")]
    [InlineData("Bearer a b")]
    public async Task What_is_no_token_is_invalid(string header)
    {
        await using var web = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address);
        using var response = await web.SendAsync(HttpMethod.Get, "/api", bearer: header);
        Assert.Equal(401, (int)response.StatusCode);
    }

    [Fact]
    public async Task An_expired_token_says_so()
    {
        await using var web = await WebProcess.StartAsync(_gateway.Issuer, _gateway.Address);
        using var client = Clients.Of(_gateway);
        var created = await client.Sessions.CreateAsync(new NewSession { UserId = "short", Ttl = TimeSpan.FromSeconds(1) });
        await Wait.UntilAsync(async () =>
        {
            using var response = await web.SendAsync(HttpMethod.Get, "/api", bearer: "Bearer " + created.Token);
            return response.Headers.WwwAuthenticate.ToString().Contains("The token has expired", StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_not_an_invalid_token()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var web = await WebProcess.StartAsync(gateway.Issuer, gateway.Address);
        using var client = Clients.Of(gateway);
        var created = await client.Sessions.CreateAsync(new NewSession { UserId = "u" });
        await gateway.DisposeAsync();
        using var response = await web.SendAsync(HttpMethod.Get, "/api", bearer: "Bearer " + created.Token);
        Assert.Equal(503, (int)response.StatusCode);
        Assert.Empty(response.Headers.WwwAuthenticate);
        Assert.NotNull(response.Headers.RetryAfter);
    }
}
