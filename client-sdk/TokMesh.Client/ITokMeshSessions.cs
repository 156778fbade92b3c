namespace TokMesh.Client;

/// <summary>
/// Sessions. Every method throws <see cref="TokMeshException"/> when the rules refuse a call or when it could not be answered;
/// a write that is canceled through its token may have happened all the same.
/// </summary>
public interface ITokMeshSessions
{
    /// <summary>Makes a session. Never repeated when it may have happened: a second one would count against the user's quota.</summary>
    /// <exception cref="TokMeshException">
    /// <see cref="TokMeshErrorCode.SessionQuotaExceeded"/>, <see cref="TokMeshErrorCode.TokenConflict"/>,
    /// <see cref="TokMeshErrorCode.SessionRuleViolation"/> and others.
    /// </exception>
    Task<CreatedSession> CreateAsync(NewSession session, CallOptions? options = null, CancellationToken cancel = default);

    /// <summary>The session; null when there is none, or it has expired or been revoked.</summary>
    Task<Session?> GetAsync(string sessionId, CallOptions? options = null, CancellationToken cancel = default);

    /// <summary>Whose token this is, or why it is none.</summary>
    /// <param name="token">The token.</param>
    /// <param name="touch">Whether this counts as an access: last_active moves, and the answer comes from the leader.</param>
    /// <param name="options">Of this call.</param>
    /// <param name="cancel">Ends the waiting.</param>
    Task<TokenValidation> ValidateAsync(string token, bool touch = false, CallOptions? options = null, CancellationToken cancel = default);

    /// <summary>Moves last_active to now; null when there is no such session.</summary>
    Task<Session?> TouchAsync(string sessionId, CallOptions? options = null, CancellationToken cancel = default);

    /// <summary>Gives a session a new life span from now, in whole seconds, rounded up. Its new expiry; null when there is no such session.</summary>
    Task<DateTimeOffset?> RenewAsync(string sessionId, TimeSpan ttl, CallOptions? options = null, CancellationToken cancel = default);

    /// <summary>
    /// As <see cref="RenewAsync"/>, but only if the session is as it was read. Never repeated when it may have happened: it would meet its
    /// own renewal as a conflict.
    /// </summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="version">The <see cref="Session.Version"/> that was read.</param>
    /// <param name="ttl">The new life span, in whole seconds, rounded up.</param>
    /// <param name="options">Of this call.</param>
    /// <param name="cancel">Ends the waiting.</param>
    Task<ConditionalResult> RenewIfAsync(string sessionId, ulong version, TimeSpan ttl, CallOptions? options = null, CancellationToken cancel = default);

    /// <summary>
    /// Ends a session if it is as it was read, and says whether this call ended it: of several, one is told so. Never repeated when it
    /// may have happened.
    /// </summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="version">The <see cref="Session.Version"/> that was read.</param>
    /// <param name="options">Of this call.</param>
    /// <param name="cancel">Ends the waiting.</param>
    Task<ConditionalResult> RevokeIfAsync(string sessionId, ulong version, CallOptions? options = null, CancellationToken cancel = default);

    /// <summary>
    /// Ends a session, if it is there. When this returns, its token validates nowhere, but for reads that were asked to be stale.
    /// </summary>
    Task RevokeAsync(string sessionId, CallOptions? options = null, CancellationToken cancel = default);

    /// <summary>
    /// Ends all sessions of a user at once: when this returns, no token issued before it validates. Gives how many it ended;
    /// fewer than that when the call had to be repeated, since an earlier attempt may have ended them.
    /// </summary>
    Task<long> RevokeUserAsync(string userId, CallOptions? options = null, CancellationToken cancel = default);

    /// <summary>A page of a user's live sessions.</summary>
    Task<SessionPage> ListAsync(SessionQuery query, CallOptions? options = null, CancellationToken cancel = default);
}
