using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Options;
using TokMesh.Client.AspNetCore;
using TokMesh.Client.Tests.Harness;
using TokMesh.TestKit.Http;

namespace TokMesh.Client.Tests.Web;

/// <summary>The distributed cache on a real node.</summary>
[Collection(GatewayCollection.Name)]
public sealed class CacheTests : IDisposable
{
    private readonly HttpTokMeshClient _client;
    private readonly string _key = Guid.NewGuid().ToString("N");
    private readonly MovedTime _time = new();

    public CacheTests(SharedGateway shared)
    {
        _client = Clients.Of(shared.Gateway);
        Cache = new TokMeshDistributedCache(_client, Options.Create(new TokMeshDistributedCacheOptions()), _time);
    }

    private TokMeshDistributedCache Cache { get; }

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task What_was_set_is_there_until_it_is_removed()
    {
        Assert.Null(await Cache.GetAsync(_key));
        await Cache.SetAsync(_key, [1, 0, 255], new DistributedCacheEntryOptions());
        Assert.Equal([1, 0, 255], await Cache.GetAsync(_key));
        Assert.Null((await StoredAsync())!.ExpiresAt);
        await Cache.RemoveAsync(_key);
        Assert.Null(await Cache.GetAsync(_key));
        await Cache.RemoveAsync(_key);
    }

    [Fact]
    public void It_also_serves_callers_that_cannot_wait()
    {
        Cache.Set(_key, [1], new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromMinutes(1) });
        Cache.Refresh(_key);
        Assert.Equal([1], Cache.Get(_key));
        Cache.Remove(_key);
        Assert.Null(Cache.Get(_key));
    }

    [Fact]
    public async Task An_absolute_expiration_is_exact_and_frees_the_key()
    {
        await Cache.SetAsync(_key, [1], new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = TimeSpan.FromMilliseconds(10_500) });
        Assert.InRange((await StoredAsync())!.ExpiresAt!.Value - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(11));
        _time.Offset = TimeSpan.FromMilliseconds(10_000);
        Assert.NotNull(await Cache.GetAsync(_key));
        _time.Offset = TimeSpan.FromMilliseconds(30_000);
        Assert.Null(await Cache.GetAsync(_key));
    }

    [Fact]
    public async Task A_sliding_expiration_is_moved_by_access_but_not_past_the_absolute_one()
    {
        await Cache.SetAsync(_key, [1], new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromSeconds(80), AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(300) });
        var first = (await StoredAsync())!;
        await Cache.GetAsync(_key);
        // Just written: an access need not write.
        Assert.Equal(first.Version, (await StoredAsync())!.Version);
        _time.Offset = TimeSpan.FromSeconds(40);
        Assert.NotNull(await Cache.GetAsync(_key));
        var second = (await StoredAsync())!;
        Assert.True(second.Version > first.Version);
        Assert.InRange(second.ExpiresAt!.Value - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(80), TimeSpan.FromSeconds(91));
        _time.Offset = TimeSpan.FromSeconds(270);
        await Cache.RefreshAsync(_key);
        Assert.InRange((await StoredAsync())!.ExpiresAt!.Value - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(31));
    }

    [Fact]
    public async Task An_access_does_not_bring_back_what_was_removed_meanwhile()
    {
        var script = new Script(
            Script.Ok($$"""{"value_base64":"{{Convert.ToBase64String(new CacheEntry(0, 60_000, new byte[] { 7 }).ToBytes())}}","version":3,"expires_at":{{DateTimeOffset.UtcNow.AddSeconds(1).ToUnixTimeMilliseconds()}}}"""),
            Script.Refused(409, TokMeshErrorCode.KeyVersionConflict, """{"version":0}"""));
        using var client = script.Client();
        var cache = new TokMeshDistributedCache(client, Options.Create(new TokMeshDistributedCacheOptions()), TimeProvider.System);
        Assert.Equal([7], await cache.GetAsync("k"));
        Assert.Contains("\"if_version\":3", script.Requests[1].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expiration_that_has_passed_is_refused() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Cache.SetAsync(_key, [1], new DistributedCacheEntryOptions { AbsoluteExpiration = DateTimeOffset.UtcNow.AddSeconds(-1) }));

    [Fact]
    public async Task Two_processes_see_the_same()
    {
        var other = new TokMeshDistributedCache(_client, Options.Create(new TokMeshDistributedCacheOptions()), TimeProvider.System);
        await Cache.SetAsync(_key, [1], new DistributedCacheEntryOptions());
        Assert.Equal([1], await other.GetAsync(_key));
        await other.RemoveAsync(_key);
        Assert.Null(await Cache.GetAsync(_key));
    }

    private Task<KeyEntry?> StoredAsync() => _client.Keys.GetAsync("aspnet/cache/" + _key);

    private sealed class MovedTime : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
    }
}
