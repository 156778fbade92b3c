namespace TokMesh.Client.Orleans;

/// <summary>
/// Plain keys, on every silo with a TokMesh node; its key is 0. For <see cref="OrleansTokMeshClient"/>, which applications use instead.
/// There are no API keys here: callers of grains are inside the cluster's trust.
/// </summary>
[Alias("TokMesh.IKeyValueGrain")]
public interface IKeyValueGrain : IGrainWithIntegerKey
{
    /// <summary>The value; no value in the reply when there is no such key. Refusals: ARG-1001.</summary>
    [Alias("Get")]
    Task<Reply<KeyEntryWire>> GetAsync(string key, CallWire call, CancellationToken cancel);

    /// <summary>Writes a value. Refusals: ARG-1001, KEYS-4006, KEYS-4007.</summary>
    [Alias("Set")]
    Task<Reply<SetWire>> SetAsync(string key, SetRequestWire request, CallWire call, CancellationToken cancel);

    /// <summary>Deletes a key. Refusals: ARG-1001.</summary>
    [Alias("Delete")]
    Task<Reply<DeleteWire>> DeleteAsync(string key, ulong? ifVersion, CallWire call, CancellationToken cancel);
}
