namespace TokMesh.Client;

/// <summary>
/// Plain keys: names of up to 64 KiB (UTF-8) with values of up to 16 MiB. Every write of a key gives it a new version, which
/// a later write can be tied to. Methods throw <see cref="TokMeshException"/> when the rules refuse a call or when it could not be
/// answered; a write that is canceled through its token may have happened all the same.
/// </summary>
public interface ITokMeshKeys
{
    /// <summary>The value with its version and expiry; null when there is no such key.</summary>
    Task<KeyEntry?> GetAsync(string key, CallOptions? options = null, CancellationToken cancel = default);

    /// <summary>Writes a value.</summary>
    /// <param name="key">The name; must not begin with <c>tmss-</c>, as sessions do.</param>
    /// <param name="value">At most 16 MiB.</param>
    /// <param name="ttl">How long the key lives, in whole seconds, rounded up; null for good.</param>
    /// <param name="ifVersion">Writes only if this is the key's version; 0 if there must be no such key; null in any case.</param>
    /// <param name="options">Of this call.</param>
    /// <param name="cancel">Ends the waiting.</param>
    Task<SetResult> SetAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? ttl = null, ulong? ifVersion = null,
        CallOptions? options = null, CancellationToken cancel = default);

    /// <summary>Deletes a key.</summary>
    /// <param name="key">The name.</param>
    /// <param name="ifVersion">Deletes only if this is the key's version; null in any case.</param>
    /// <param name="options">Of this call.</param>
    /// <param name="cancel">Ends the waiting.</param>
    Task<DeleteResult> DeleteAsync(string key, ulong? ifVersion = null, CallOptions? options = null, CancellationToken cancel = default);
}
