namespace TokMesh.Client;

/// <summary>Codes of <see cref="TokMeshException"/> that applications act on. The server's table is longer, and may grow.</summary>
public static class TokMeshErrorCode
{
    /// <summary>The request could not be read, or the address is not a TokMesh one.</summary>
    public const string BadRequest = "TM-SYS-4000";

    /// <summary>Queues are full, or a rate limit is reached.</summary>
    public const string TooManyRequests = "TM-SYS-4290";

    /// <summary>The server failed, or its answer cannot be read.</summary>
    public const string Internal = "TM-SYS-5000";

    /// <summary>A node is starting, or stopping.</summary>
    public const string Unavailable = "TM-SYS-5030";

    /// <summary>The API key is not valid.</summary>
    public const string ApiKeyInvalid = "TM-AUTH-4011";

    /// <summary>The API key's role does not allow this.</summary>
    public const string Forbidden = "TM-AUTH-4030";

    /// <summary>A session's field breaks a rule.</summary>
    public const string SessionRuleViolation = "TM-SESS-4001";

    /// <summary>The user has as many live sessions as allowed.</summary>
    public const string SessionQuotaExceeded = "TM-SESS-4002";

    /// <summary>There is no such session.</summary>
    public const string SessionNotFound = "TM-SESS-4040";

    /// <summary>The session has expired.</summary>
    public const string SessionExpired = "TM-SESS-4041";

    /// <summary>The session's version is another.</summary>
    public const string SessionVersionConflict = "TM-SESS-4091";

    /// <summary>What was given is not a token.</summary>
    public const string TokenMalformed = "TM-TOKN-4000";

    /// <summary>No session has this token.</summary>
    public const string TokenInvalid = "TM-TOKN-4010";

    /// <summary>The token's session has expired.</summary>
    public const string TokenExpired = "TM-TOKN-4011";

    /// <summary>The token's session was revoked.</summary>
    public const string TokenRevoked = "TM-TOKN-4012";

    /// <summary>The dictated token belongs to another live session.</summary>
    public const string TokenConflict = "TM-TOKN-4090";

    /// <summary>There is no such key.</summary>
    public const string KeyNotFound = "TM-KEYS-4040";

    /// <summary>The key's version is another.</summary>
    public const string KeyVersionConflict = "TM-KEYS-4091";

    /// <summary>An argument is not allowed.</summary>
    public const string ArgumentInvalid = "TM-ARG-1001";

    /// <summary>No node could be reached.</summary>
    public const string NoNode = "TM-CLST-5030";

    /// <summary>No answer in time.</summary>
    public const string Timeout = "TM-CLST-5040";
}
