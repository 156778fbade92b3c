namespace TokMesh.State;

/// <summary>
/// Every error code of the product: the registry of contract section 15, what plain keys can raise (Redis semantics), and
/// what a shard says about a retried or late operation. Numbers travel between nodes and live in snapshots (remembered
/// replies): they may only grow (golden test). Texts, HTTP statuses and messages: <see cref="ErrorTable"/>.
/// </summary>
public enum ErrorCode : ushort
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>TM-SYS-4000: the request could not be read.</summary>
    SysBadRequest = 101,

    /// <summary>TM-SYS-4290: too many requests.</summary>
    SysTooManyRequests = 102,

    /// <summary>TM-SYS-5000: internal error.</summary>
    SysInternal = 103,

    /// <summary>TM-SYS-5001: storage error.</summary>
    SysStorage = 104,

    /// <summary>TM-SYS-5002: backup or restore failed.</summary>
    SysBackupFailed = 105,

    /// <summary>TM-SYS-5030: service unavailable.</summary>
    SysUnavailable = 106,

    /// <summary>TM-AUTH-4010: no API key.</summary>
    AuthMissing = 201,

    /// <summary>TM-AUTH-4011: invalid API key.</summary>
    AuthInvalid = 202,

    /// <summary>TM-AUTH-4012: API key disabled.</summary>
    AuthDisabled = 203,

    /// <summary>TM-AUTH-4013: authentication failed.</summary>
    AuthReserved4013 = 204,

    /// <summary>TM-AUTH-4014: timestamp outside the window.</summary>
    AuthTimestampSkew = 205,

    /// <summary>TM-AUTH-4015: nonce already used.</summary>
    AuthNonceReplay = 206,

    /// <summary>TM-AUTH-4030: the API key's role may not do this.</summary>
    AuthForbidden = 207,

    /// <summary>TM-AUTH-4031: address not allowed.</summary>
    AuthIpNotAllowed = 208,

    /// <summary>TM-SESS-4001: session rule violated.</summary>
    SessionRuleViolation = 301,

    /// <summary>TM-SESS-4002: session quota exceeded.</summary>
    SessionQuotaExceeded = 302,

    /// <summary>TM-SESS-4040: Session not found.</summary>
    SessionNotFound = 303,

    /// <summary>TM-SESS-4041: Session expired.</summary>
    SessionExpired = 304,

    /// <summary>TM-SESS-4090: session id already exists.</summary>
    SessionIdConflict = 305,

    /// <summary>TM-SESS-4091: version conflict.</summary>
    SessionVersionConflict = 306,

    /// <summary>TM-TOKN-4000: Token malformed.</summary>
    TokenMalformed = 401,

    /// <summary>TM-TOKN-4010: Token invalid.</summary>
    TokenInvalid = 402,

    /// <summary>TM-TOKN-4011: Token expired.</summary>
    TokenExpired = 403,

    /// <summary>TM-TOKN-4012: Token revoked.</summary>
    TokenRevoked = 404,

    /// <summary>TM-TOKN-4090: token already bound to another live session.</summary>
    TokenConflict = 405,

    /// <summary>TM-CLST-4090: node id conflict.</summary>
    ClusterNodeConflict = 501,

    /// <summary>TM-CLST-5030: no node available.</summary>
    ClusterNoNode = 502,

    /// <summary>TM-CLST-5040: cluster operation timed out.</summary>
    ClusterTimeout = 503,

    /// <summary>TM-CLST-5050: cluster data inconsistent.</summary>
    ClusterInconsistent = 504,

    /// <summary>TM-CFG-1001: wrong type.</summary>
    ConfigType = 601,

    /// <summary>TM-CFG-1002: value out of range.</summary>
    ConfigRange = 602,

    /// <summary>TM-CFG-1003: file missing.</summary>
    ConfigFileMissing = 603,

    /// <summary>TM-CFG-1004: wrong permissions.</summary>
    ConfigPermission = 604,

    /// <summary>TM-CFG-1005: settings contradict each other.</summary>
    ConfigConflict = 605,

    /// <summary>TM-CFG-1006: a setting this one needs is missing.</summary>
    ConfigDependency = 606,

    /// <summary>TM-CFG-1007: bad certificate.</summary>
    ConfigBadCertificate = 607,

    /// <summary>TM-CFG-1008: certificate expired.</summary>
    ConfigReserved1008 = 608,

    /// <summary>TM-ARG-1001: invalid argument.</summary>
    ArgumentInvalid = 701,

    /// <summary>TM-ARG-1002: missing argument.</summary>
    ArgumentMissing = 702,

    /// <summary>TM-ARG-1003: arguments exclude each other.</summary>
    ArgumentConflict = 703,

    /// <summary>TM-ADMIN-4030: admin role needed.</summary>
    AdminForbidden = 801,

    /// <summary>TM-ADMIN-4031: address not allowed.</summary>
    AdminIpNotAllowed = 802,

    /// <summary>TM-ADMIN-4041: resource not found.</summary>
    AdminNotFound = 803,

    /// <summary>TM-ADMIN-4091: conflicts with a running operation.</summary>
    AdminConflict = 804,

    /// <summary>TM-ADMIN-4130: payload too large.</summary>
    AdminPayloadTooLarge = 805,

    /// <summary>TM-ADMIN-4221: the content cannot be processed.</summary>
    AdminUnprocessable = 806,

    /// <summary>TM-ADMIN-4291: too often.</summary>
    AdminTooOften = 807,

    /// <summary>TM-ADMIN-5001: operation failed.</summary>
    AdminOperationFailed = 808,

    /// <summary>TM-ADMIN-5031: unavailable during restore.</summary>
    AdminUnavailable = 809,

    /// <summary>TM-CLI-1001: configuration could not be loaded.</summary>
    CliConfig = 901,

    /// <summary>TM-CLI-1002: connection failed.</summary>
    CliConnect = 902,

    /// <summary>TM-CLI-1003: TLS failed.</summary>
    CliTls = 903,

    /// <summary>TM-CLI-1004: authentication failed.</summary>
    CliAuth = 904,

    /// <summary>TM-CLI-1005: bad arguments.</summary>
    CliArguments = 905,

    /// <summary>TM-CLI-1006: timed out.</summary>
    CliTimeout = 906,

    /// <summary>TM-CLI-1007: output could not be written.</summary>
    CliSerialization = 907,

    /// <summary>TM-KEYS-4002: Operation against a key holding the wrong kind of value.</summary>
    KeyWrongType = 1001,

    /// <summary>TM-KEYS-4003: value is not an integer or out of range.</summary>
    KeyNotAnInteger = 1002,

    /// <summary>TM-KEYS-4004: increment or decrement would overflow.</summary>
    KeyOverflow = 1003,

    /// <summary>TM-KEYS-4005: syntax error.</summary>
    KeySyntax = 1004,

    /// <summary>TM-KEYS-4006: invalid expire time.</summary>
    KeyInvalidExpire = 1005,

    /// <summary>TM-KEYS-4007: string exceeds maximum allowed size (proto-max-bulk-len).</summary>
    KeyTooLong = 1006,

    /// <summary>TM-KEYS-4091: compare-and-set failed; the detail is the current version in decimal, 0 for an absent key.</summary>
    KeyVersionConflict = 1007,

    /// <summary>The shard has applied a later operation of this origin and remembers no reply for this one: it was not executed.</summary>
    Superseded = 1101,

    /// <summary>The operation took effect earlier, but its reply was too large to keep.</summary>
    ReplyForgotten = 1102,

    /// <summary>The operation carried a time limit and was applied after it: nothing happened.</summary>
    ReservationLapsed = 1103,
}
