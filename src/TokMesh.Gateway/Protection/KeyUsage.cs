using System.Collections.Concurrent;
using TokMesh.State.Ids;

namespace TokMesh.Gateway.Protection;

/// <summary>When each API key was last seen on this node; bounded by the number of keys, since only those that have authenticated count.</summary>
internal sealed class KeyUsage
{
    private readonly ConcurrentDictionary<ApiKeyId, Entry> _entries = new();

    /// <summary>The key has authenticated now, in Unix milliseconds.</summary>
    public void Used(ApiKeyId id, long nowMs) => (_entries.TryGetValue(id, out var entry) ? entry : _entries.GetOrAdd(id, static _ => new Entry())).LastUsedMs = nowMs;

    /// <summary>Unix milliseconds; 0 when this node has not seen the key.</summary>
    public long LastUsedMs(ApiKeyId id) => _entries.TryGetValue(id, out var entry) ? entry.LastUsedMs : 0;

    private sealed class Entry
    {
        public long LastUsedMs { get; set; }
    }
}
