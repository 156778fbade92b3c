namespace TokMesh.State.Errors;

/// <summary>
/// What operations and calls end with. Numbers travel between nodes and live in snapshots (remembered replies): they may only grow, and
/// one that is gone is not given again (golden test).
/// </summary>
public enum ErrorCode : ushort
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The request could not be read.</summary>
    SysBadRequest = 101,

    /// <summary>Too many requests.</summary>
    SysTooManyRequests = 102,

    /// <summary>Internal error.</summary>
    SysInternal = 103,

    /// <summary>Service unavailable.</summary>
    SysUnavailable = 106,

    /// <summary>No API key.</summary>
    AuthMissing = 201,

    /// <summary>Invalid API key.</summary>
    AuthInvalid = 202,

    /// <summary>API key disabled.</summary>
    AuthDisabled = 203,

    /// <summary>Timestamp outside the window.</summary>
    AuthTimestampSkew = 205,

    /// <summary>Nonce already used.</summary>
    AuthNonceReplay = 206,

    /// <summary>The API key's role may not do this.</summary>
    AuthForbidden = 207,

    /// <summary>Address not allowed.</summary>
    AuthIpNotAllowed = 208,

    /// <summary>Session rule violated.</summary>
    SessionRuleViolation = 301,

    /// <summary>Session quota exceeded.</summary>
    SessionQuotaExceeded = 302,

    /// <summary>Session not found.</summary>
    SessionNotFound = 303,

    /// <summary>Session expired.</summary>
    SessionExpired = 304,

    /// <summary>Session id already exists.</summary>
    SessionIdConflict = 305,

    /// <summary>Version conflict.</summary>
    SessionVersionConflict = 306,

    /// <summary>Token malformed.</summary>
    TokenMalformed = 401,

    /// <summary>Token invalid.</summary>
    TokenInvalid = 402,

    /// <summary>Token expired.</summary>
    TokenExpired = 403,

    /// <summary>Token revoked.</summary>
    TokenRevoked = 404,

    /// <summary>Token already bound to another live session.</summary>
    TokenConflict = 405,

    /// <summary>Node id conflict.</summary>
    ClusterNodeConflict = 501,

    /// <summary>No node available.</summary>
    ClusterNoNode = 502,

    /// <summary>Cluster operation timed out.</summary>
    ClusterTimeout = 503,

    /// <summary>Invalid argument.</summary>
    ArgumentInvalid = 701,

    /// <summary>Missing argument.</summary>
    ArgumentMissing = 702,

    /// <summary>Arguments exclude each other.</summary>
    ArgumentConflict = 703,

    /// <summary>Admin role needed.</summary>
    AdminForbidden = 801,

    /// <summary>Address not allowed.</summary>
    AdminIpNotAllowed = 802,

    /// <summary>Resource not found.</summary>
    AdminNotFound = 803,

    /// <summary>Payload too large.</summary>
    AdminPayloadTooLarge = 805,

    /// <summary>Value is not an integer or out of range.</summary>
    KeyNotAnInteger = 1002,

    /// <summary>Increment or decrement would overflow.</summary>
    KeyOverflow = 1003,

    /// <summary>Syntax error.</summary>
    KeySyntax = 1004,

    /// <summary>Invalid expire time.</summary>
    KeyInvalidExpire = 1005,

    /// <summary>String exceeds maximum allowed size (proto-max-bulk-len).</summary>
    KeyTooLong = 1006,

    /// <summary>Compare-and-set failed; the detail is the current version in decimal, 0 for an absent key.</summary>
    KeyVersionConflict = 1007,

    /// <summary>The shard has applied a later operation of this origin and remembers no reply for this one: it was not executed.</summary>
    Superseded = 1101,

    /// <summary>The operation took effect earlier, but its reply was too large to keep.</summary>
    ReplyForgotten = 1102,

    /// <summary>The operation carried a time limit and was applied after it: nothing happened.</summary>
    ReservationLapsed = 1103,
}
