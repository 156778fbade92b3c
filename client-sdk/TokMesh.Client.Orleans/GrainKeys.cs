namespace TokMesh.Client.Orleans;

/// <summary>Plain keys through grains.</summary>
internal sealed class GrainKeys(IKeyValueGrain grain, GrainCalls calls) : ITokMeshKeys
{
    public Task<KeyEntry?> GetAsync(string key, CallOptions? options, CancellationToken cancel)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        TextArgument.Check("key", key);
        return calls.RunAsync(Effect.None, options, (call, token) => grain.GetAsync(key, call, token), EntryOf, cancel);
    }

    public Task<SetResult> SetAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? ttl, ulong? ifVersion, CallOptions? options, CancellationToken cancel)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        TextArgument.Check("key", key);
        var request = new SetRequestWire
        {
            // A copy: after a call that was given up the caller may use its buffer again, while this is still on its way.
            Value = value.ToArray(),
            TtlSeconds = ttl is { } span ? TimeToLive.Seconds(nameof(ttl), span) : null,
            IfVersion = ifVersion,
        };
        return calls.RunAsync(Effect.Once, options, (call, token) => grain.SetAsync(key, request, call, token), static set => new SetResult(set.Written, set.Version), cancel);
    }

    public Task<DeleteResult> DeleteAsync(string key, ulong? ifVersion, CallOptions? options, CancellationToken cancel)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        TextArgument.Check("key", key);
        return calls.RunAsync(Effect.Once, options, (call, token) => grain.DeleteAsync(key, ifVersion, call, token),
            static deleted => new DeleteResult((DeleteStatus)deleted.Status, deleted.Version), cancel);
    }

    private static KeyEntry? EntryOf(KeyEntryWire? wire) =>
        wire is null ? null : new KeyEntry(wire.Value, wire.Version, wire.ExpiresAtMs == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(wire.ExpiresAtMs));
}
