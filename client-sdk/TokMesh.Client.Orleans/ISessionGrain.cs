namespace TokMesh.Client.Orleans;

/// <summary>
/// Sessions, on every silo with a TokMesh node; its key is 0. For <see cref="OrleansTokMeshClient"/>, which applications use instead: it
/// adds deadlines, repetitions and typed results. There are no API keys here: callers of grains are inside the cluster's trust.
/// </summary>
[Alias("TokMesh.ISessionGrain")]
public interface ISessionGrain : IGrainWithIntegerKey
{
    /// <summary>Makes a session. Refusals: SESS-4001, SESS-4002, SESS-4090, TOKN-4000, TOKN-4090, ARG-1002.</summary>
    [Alias("Create")]
    Task<Reply<CreatedWire>> CreateAsync(NewSessionWire session, CallWire call, CancellationToken cancel);

    /// <summary>The session. Refusals: SESS-4040, SESS-4041, ARG-1001.</summary>
    [Alias("Get")]
    Task<Reply<SessionWire>> GetAsync(string sessionId, CallWire call, CancellationToken cancel);

    /// <summary>The token's session. Refusals: TOKN-4000, TOKN-4010, TOKN-4011, TOKN-4012.</summary>
    [Alias("Validate")]
    Task<Reply<SessionWire>> ValidateAsync(string token, bool touch, CallWire call, CancellationToken cancel);

    /// <summary>Moves last_active. Refusals: SESS-4040, SESS-4041, ARG-1001.</summary>
    [Alias("Touch")]
    Task<Reply<SessionWire>> TouchAsync(string sessionId, CallWire call, CancellationToken cancel);

    /// <summary>The new expiry in Unix milliseconds. Refusals: SESS-4040, SESS-4041, SESS-4001, ARG-1001.</summary>
    [Alias("Renew")]
    Task<Reply<long>> RenewAsync(string sessionId, long ttlSeconds, CallWire call, CancellationToken cancel);

    /// <summary>1 if a live session was ended. Refusals: ARG-1001.</summary>
    [Alias("Revoke")]
    Task<Reply<long>> RevokeAsync(string sessionId, CallWire call, CancellationToken cancel);

    /// <summary>Renews what has the version. Refusals: SESS-4001, ARG-1001.</summary>
    [Alias("RenewIf")]
    Task<Reply<ConditionalWire>> RenewIfAsync(string sessionId, ulong version, long ttlSeconds, CallWire call, CancellationToken cancel);

    /// <summary>Ends what has the version. Refusals: ARG-1001.</summary>
    [Alias("RevokeIf")]
    Task<Reply<ConditionalWire>> RevokeIfAsync(string sessionId, ulong version, CallWire call, CancellationToken cancel);

    /// <summary>How many were ended. Refusals: SESS-4001, ARG-1002.</summary>
    [Alias("RevokeUser")]
    Task<Reply<long>> RevokeUserAsync(string userId, CallWire call, CancellationToken cancel);

    /// <summary>A page of a user's sessions. Refusals: SESS-4001, ARG-1001, ARG-1002.</summary>
    [Alias("List")]
    Task<Reply<SessionPageWire>> ListAsync(SessionQueryWire query, CallWire call, CancellationToken cancel);
}
