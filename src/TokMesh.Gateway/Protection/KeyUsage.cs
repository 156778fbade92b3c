using System.Collections.Concurrent;
using TokMesh.State.Ids;

namespace TokMesh.Gateway.Protection;

/// <summary>What this node knows of the use of each API key: its rate bucket, and when it was last seen here.</summary>
internal sealed class KeyUsage
{
    private readonly ConcurrentDictionary<ApiKeyId, Entry> _entries = new();

    /// <summary>The entry of a key that has authenticated; bounded by the number of keys.</summary>
    public Entry Of(ApiKeyId id) => _entries.TryGetValue(id, out var entry) ? entry : _entries.GetOrAdd(id, static _ => new Entry());

    /// <summary>Unix milliseconds; 0 when this node has not seen the key.</summary>
    public long LastUsedMs(ApiKeyId id) => _entries.TryGetValue(id, out var entry) ? entry.LastUsedMs : 0;

    public sealed class Entry
    {
        public TokenBucket Bucket { get; } = new();

        public long LastUsedMs { get; set; }
    }
}
