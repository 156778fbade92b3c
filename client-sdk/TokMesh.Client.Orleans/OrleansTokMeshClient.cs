namespace TokMesh.Client.Orleans;

/// <summary>
/// The Orleans carrier: for processes with an Orleans client, and for code inside a silo. The same results, exceptions and repetitions
/// as over HTTP. No API key: an Orleans client or silo is inside the cluster's trust, which is where its TLS certificates come in.
/// </summary>
public sealed class OrleansTokMeshClient : ITokMeshClient
{
    /// <summary>For use without dependency injection.</summary>
    /// <param name="grains">An Orleans client, or a silo's grain factory.</param>
    /// <param name="options">Copied here; null for the defaults.</param>
    /// <param name="time">Time; null for the system's.</param>
    public OrleansTokMeshClient(IGrainFactory grains, TokMeshOrleansClientOptions? options = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(grains);
        var calls = new GrainCalls(options ?? new TokMeshOrleansClientOptions(), time ?? TimeProvider.System);
        Sessions = new GrainSessions(grains.GetGrain<ISessionGrain>(0), calls);
        Keys = new GrainKeys(grains.GetGrain<IKeyValueGrain>(0), calls);
    }

    /// <inheritdoc/>
    public ITokMeshSessions Sessions { get; }

    /// <inheritdoc/>
    public ITokMeshKeys Keys { get; }
}
