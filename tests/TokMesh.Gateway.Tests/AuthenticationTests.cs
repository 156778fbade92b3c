using TokMesh.Cluster.Meta;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Protection;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

[Collection(GatewayCollection.Name)]
public sealed class AuthenticationTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    [Fact]
    public async Task A_credential_may_come_in_either_header_or_in_two()
    {
        var (id, secret) = (_gateway.Admin[..31], _gateway.Admin[32..]);
        (await _gateway.GetAsync("/cluster/status", null, ("X-API-Key", _gateway.Admin))).IsOk();
        (await _gateway.GetAsync("/cluster/status", null, ("X-API-Key-ID", id), ("X-API-Key", secret))).IsOk();
        (await _gateway.GetAsync("/cluster/status", null, ("Authorization", "bearer " + _gateway.Admin))).IsOk();
        (await _gateway.GetAsync("/cluster/status", null, ("Authorization", "Basic abc"), ("X-API-Key", _gateway.Admin))).IsOk();
    }

    [Theory]
    [InlineData("Authorization", "Bearer nothing-to-split")]
    [InlineData("Authorization", "Bearer :secret")]
    [InlineData("Authorization", "Bearer id:")]
    [InlineData("Authorization", "Basic abc")]
    [InlineData("X-API-Key", "no-colon")]
    public async Task What_cannot_be_split_is_no_key_at_all(string header, string value) =>
        (await _gateway.GetAsync("/cluster/status", null, (header, value))).Is(401, "TM-AUTH-4010");

    [Fact]
    public async Task The_bearer_header_goes_before_the_other_one() =>
        (await _gateway.GetAsync("/cluster/status", "tmak-x:tmas_y", ("X-API-Key", _gateway.Admin))).Is(401, "TM-AUTH-4011");

    [Fact]
    public async Task The_case_of_a_key_id_does_not_matter_and_that_of_a_secret_does()
    {
        (await _gateway.GetAsync("/cluster/status", _gateway.Admin[..31].ToUpperInvariant() + _gateway.Admin[31..])).IsOk();
        (await _gateway.GetAsync("/cluster/status", _gateway.Admin[..37] + Swap(_gateway.Admin[37..]))).Is(401, "TM-AUTH-4011");

        static string Swap(string s) => string.Concat(s.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)));
    }

    [Fact]
    public async Task A_disabled_key_is_4012_and_an_expired_one_4011()
    {
        (await _gateway.GetAsync("/cluster/status", await _gateway.AddKeyAsync(ApiRole.Admin, enabled: false))).Is(401, "TM-AUTH-4012");
        (await _gateway.GetAsync("/cluster/status", await _gateway.AddKeyAsync(ApiRole.Admin, expiresAtMs: 1))).Is(401, "TM-AUTH-4011");
    }

    [Fact]
    public async Task Failed_tries_of_an_address_are_limited_and_a_right_key_from_there_goes_on()
    {
        await using var gateway = await TestGateway.StartAsync(new GatewayOptions { FailedAuthenticationsPerMinute = 5 });
        (await gateway.GetAsync("/cluster/status", gateway.Admin)).IsOk();
        var wrong = gateway.Issuer[..32] + "tmas_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf";
        var codes = new List<string>();
        for (var i = 0; i < 8; i++) codes.Add((await gateway.GetAsync("/cluster/status", wrong)).Code);
        Assert.Equal(5, codes.Count(c => c == "TM-AUTH-4011"));
        var limited = await gateway.GetAsync("/cluster/status", wrong);
        limited.Is(429, "TM-SYS-4290");
        Assert.InRange(int.Parse(limited.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture), 1, 60);
        (await gateway.GetAsync("/cluster/status", gateway.Admin)).IsOk();
    }

    [Fact]
    public async Task An_address_outside_the_allow_list_is_refused_with_the_code_of_its_api()
    {
        await using var gateway = await TestGateway.StartAsync(new GatewayOptions { AllowList = ["10.0.0.0/8"] });
        (await gateway.GetAsync("/cluster/status", gateway.Admin)).Is(403, "TM-AUTH-4031");
        (await gateway.GetAsync("/admin/v1/keys", gateway.Admin)).Is(403, "TM-ADMIN-4031");
        (await gateway.GetAsync("/health", null)).IsOk();
    }

    [Fact]
    public async Task A_key_over_its_rate_gets_429_with_the_headers_and_recovers()
    {
        await using var gateway = await TestGateway.StartAsync();
        var key = await gateway.AddKeyAsync(ApiRole.Validator, rateLimit: 10);
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => gateway.GetAsync("/cluster/status", key)));
        Assert.InRange(answers.Count(a => a.Status == 200), 10, 20);
        var limited = answers.First(a => a.Status == 429);
        limited.Is(429, "TM-SYS-4290");
        Assert.Equal("10", limited.Header("X-RateLimit-Limit"));
        Assert.Equal("0", limited.Header("X-RateLimit-Remaining"));
        Assert.Equal("1", limited.Header("Retry-After"));
        Assert.InRange(long.Parse(limited.Header("X-RateLimit-Reset")!, System.Globalization.CultureInfo.InvariantCulture),
            DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 5, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 5);
        gateway.Clock.Advance(1100);
        (await gateway.GetAsync("/cluster/status", key)).IsOk();
    }
}

public sealed class TokenBucketTests
{
    [Fact]
    public void A_bucket_gives_its_capacity_at_once_and_then_one_per_interval()
    {
        var bucket = new TokenBucket();
        Assert.Equal(10, Enumerable.Range(0, 20).Count(_ => bucket.TryTake(1000, 10, 1000, out var _)));
        Assert.False(bucket.TryTake(1099, 10, 1000, out var wait));
        Assert.Equal(1, wait);
        Assert.True(bucket.TryTake(1100, 10, 1000, out _));
        Assert.Equal(10, Enumerable.Range(0, 20).Count(_ => bucket.TryTake(5000, 10, 1000, out var _)));
    }

    [Fact]
    public void A_changed_capacity_counts_at_once()
    {
        var bucket = new TokenBucket();
        while (bucket.TryTake(1000, 10, 1000, out _))
        {
        }
        Assert.True(bucket.IsEmpty(1010, 10, 1000, out _));
        Assert.False(bucket.IsEmpty(1010, 1000, 1000, out _));
    }
}
