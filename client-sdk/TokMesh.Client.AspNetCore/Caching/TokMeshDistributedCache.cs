using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Options;

namespace TokMesh.Client.AspNetCore;

/// <summary>How the cache uses the store.</summary>
public sealed class TokMeshDistributedCacheOptions
{
    /// <summary>What its keys begin with; <c>aspnet/cache/</c>.</summary>
    public string KeyPrefix { get; set; } = "aspnet/cache/";

    /// <summary>How fresh reads are; linearizable, so that every process sees what any has set or removed.</summary>
    public Consistency Consistency { get; set; }
}

/// <summary>
/// A distributed cache in TokMesh's keyspace. What is set is on a majority of disks, as everything: it survives restarts of
/// the application and of the store. Failures of the store are thrown as <see cref="TokMeshException"/>.
/// </summary>
public sealed class TokMeshDistributedCache(ITokMeshClient client, IOptions<TokMeshDistributedCacheOptions> options, TimeProvider time) : IDistributedCache
{
    private readonly string _prefix = options.Value.KeyPrefix;
    private readonly CallOptions _reads = new() { Consistency = options.Value.Consistency };

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public byte[]? Get(string key) => GetAsync(key).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default) => (await AccessAsync(key, token))?.Value.ToArray();

    /// <inheritdoc/>
    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => SetAsync(key, value, options).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(options);
        var now = NowMs;
        var absolute = options.AbsoluteExpirationRelativeToNow is { } span ? now + (long)span.TotalMilliseconds : options.AbsoluteExpiration?.ToUnixTimeMilliseconds() ?? 0;
        var sliding = options.SlidingExpiration is { } window ? Math.Max(1, (long)window.TotalMilliseconds) : 0;
        var entry = new CacheEntry(absolute, sliding, value);
        if (entry.HasExpired(now)) throw new ArgumentOutOfRangeException(nameof(options), "The absolute expiration is not in the future.");
        return client.Keys.SetAsync(KeyOf(key), entry.ToBytes(), entry.Ttl(now), cancel: token);
    }

    /// <inheritdoc/>
    public void Refresh(string key) => RefreshAsync(key).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public Task RefreshAsync(string key, CancellationToken token = default) => AccessAsync(key, token);

    /// <inheritdoc/>
    public void Remove(string key) => RemoveAsync(key).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public Task RemoveAsync(string key, CancellationToken token = default) => client.Keys.DeleteAsync(KeyOf(key), cancel: token);

    private async Task<CacheEntry?> AccessAsync(string key, CancellationToken cancel)
    {
        var name = KeyOf(key);
        if (await client.Keys.GetAsync(name, _reads, cancel).ConfigureAwait(false) is not { } stored || CacheEntry.TryRead(stored.Value) is not { } entry) return null;
        var now = NowMs;
        // The key lives in whole seconds; the expiration is exact.
        if (entry.HasExpired(now)) return null;
        if (entry.NeedsRefresh(now, stored.ExpiresAt))
        {
            try
            {
                // Only if nobody has set or removed it since: an access must not bring back what is gone.
                await client.Keys.SetAsync(name, stored.Value, entry.Ttl(now), stored.Version, cancel: cancel).ConfigureAwait(false);
            }
            catch (TokMeshException)
            {
                // The value is known; that it may end earlier than asked for is what a cache may do.
            }
        }
        return entry;
    }

    private string KeyOf(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return _prefix + key;
    }
}
