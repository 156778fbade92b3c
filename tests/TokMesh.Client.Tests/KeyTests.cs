using System.Security.Cryptography;
using TokMesh.Client.Tests.Harness;
using TokMesh.TestKit.Http;

namespace TokMesh.Client.Tests;

/// <summary>Plain keys over HTTP, on a real node.</summary>
[Collection(GatewayCollection.Name)]
public sealed class KeyTests(SharedGateway shared) : IDisposable
{
    private readonly HttpTokMeshClient _client = Clients.Of(shared.Gateway);

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData("plain")]
    [InlineData("a/b%2Fc?d#e f+g&h=i")]
    [InlineData("{tag}…€\u0001")]
    [InlineData("...")]
    public async Task Any_name_holds_any_bytes(string key)
    {
        key = key + "/" + Guid.NewGuid().ToString("N");
        Assert.Null(await _client.Keys.GetAsync(key));
        foreach (var value in new[] { [], "text"u8.ToArray(), [0xFF, 0x00, 0xFE], RandomNumberGenerator.GetBytes(3 << 20) })
        {
            var set = await _client.Keys.SetAsync(key, value);
            var entry = (await _client.Keys.GetAsync(key))!;
            Assert.True(set.Written);
            Assert.Equal((set.Version, null), (entry.Version, entry.ExpiresAt));
            Assert.True(entry.Value.Span.SequenceEqual(value));
        }
        Assert.Equal(DeleteStatus.Deleted, (await _client.Keys.DeleteAsync(key)).Status);
        Assert.Equal(DeleteStatus.NotFound, (await _client.Keys.DeleteAsync(key)).Status);
    }

    [Fact]
    public async Task A_condition_that_does_not_hold_gives_the_present_version()
    {
        var key = Guid.NewGuid().ToString("N");
        Assert.Equal(new SetResult(false, 0), await _client.Keys.SetAsync(key, new byte[1], ifVersion: 7));
        var first = await _client.Keys.SetAsync(key, new byte[1], ifVersion: 0);
        Assert.True(first.Written);
        Assert.Equal(new SetResult(false, first.Version), await _client.Keys.SetAsync(key, new byte[2], ifVersion: 0));
        Assert.Equal(new DeleteResult(DeleteStatus.Conflict, first.Version), await _client.Keys.DeleteAsync(key, first.Version + 1));
        Assert.Equal(new DeleteResult(DeleteStatus.Deleted), await _client.Keys.DeleteAsync(key, first.Version));
        Assert.Equal(DeleteStatus.NotFound, (await _client.Keys.DeleteAsync(key, 0)).Status);
    }

    [Fact]
    public async Task A_key_ends_with_its_life_span()
    {
        var key = Guid.NewGuid().ToString("N");
        await _client.Keys.SetAsync(key, new byte[1], TimeSpan.FromHours(1));
        Assert.InRange((await _client.Keys.GetAsync(key))!.ExpiresAt!.Value, DateTimeOffset.UtcNow.AddMinutes(59), DateTimeOffset.UtcNow.AddMinutes(61));
        await _client.Keys.SetAsync(key, new byte[1], TimeSpan.FromMilliseconds(1));
        await Wait.UntilAsync(async () => await _client.Keys.GetAsync(key) is null);
    }

    [Fact]
    public async Task A_rule_that_is_broken_is_an_exception_with_its_code()
    {
        Assert.Equal(TokMeshErrorCode.ArgumentInvalid, (await Assert.ThrowsAsync<TokMeshException>(() => _client.Keys.SetAsync("tmss-x", new byte[1]))).Code);
        var e = await Assert.ThrowsAsync<TokMeshException>(() => _client.Keys.SetAsync("long", new byte[(16 << 20) + 1]));
        Assert.Equal(("TM-KEYS-4007", TokMeshOutcome.Refused), (e.Code, e.Outcome));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _client.Keys.SetAsync("k", new byte[1], TimeSpan.Zero));
        await Assert.ThrowsAsync<ArgumentException>(() => _client.Keys.GetAsync(""));
    }
}
