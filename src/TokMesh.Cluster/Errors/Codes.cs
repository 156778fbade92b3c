namespace TokMesh.Cluster;

/// <summary>
/// Every stable error code but those of health conditions (<see cref="HealthCode"/>), each once. What they mean and what to do is in
/// <see cref="ErrorRegistry"/>.
/// </summary>
public static class Codes
{
    /// <summary>The request cannot be read, or there is no such path.</summary>
    public const string BadRequest = "TM-SYS-4000";

    /// <summary>Queues are full, or a rate limit is reached; nothing happened.</summary>
    public const string TooManyRequests = "TM-SYS-4290";

    /// <summary>The server failed.</summary>
    public const string Internal = "TM-SYS-5000";

    /// <summary>What is stored under a grain's keys is not a grain's state.</summary>
    public const string Storage = "TM-SYS-5001";

    /// <summary>The node is starting or stopping, or has no room for another connection; nothing happened.</summary>
    public const string Unavailable = "TM-SYS-5030";

    /// <summary>No API key came with the request.</summary>
    public const string ApiKeyMissing = "TM-AUTH-4010";

    /// <summary>The API key is not valid.</summary>
    public const string ApiKeyInvalid = "TM-AUTH-4011";

    /// <summary>The API key is disabled or has expired.</summary>
    public const string ApiKeyDisabled = "TM-AUTH-4012";

    /// <summary>The timestamp of the request is outside the window.</summary>
    public const string TimestampSkew = "TM-AUTH-4014";

    /// <summary>The nonce of the request has been used.</summary>
    public const string NonceReplay = "TM-AUTH-4015";

    /// <summary>The role of the API key, or of the caller, may not do this.</summary>
    public const string Forbidden = "TM-AUTH-4030";

    /// <summary>Requests from this address are not allowed.</summary>
    public const string AddressNotAllowed = "TM-AUTH-4031";

    /// <summary>A field of the session breaks its rule.</summary>
    public const string SessionRuleViolation = "TM-SESS-4001";

    /// <summary>The user has as many sessions as it may, or one command names too many.</summary>
    public const string SessionQuotaExceeded = "TM-SESS-4002";

    /// <summary>There is no such session.</summary>
    public const string SessionNotFound = "TM-SESS-4040";

    /// <summary>The session has expired.</summary>
    public const string SessionExpired = "TM-SESS-4041";

    /// <summary>The session id is taken.</summary>
    public const string SessionIdConflict = "TM-SESS-4090";

    /// <summary>What was to be changed has another version.</summary>
    public const string SessionVersionConflict = "TM-SESS-4091";

    /// <summary>The token cannot be one.</summary>
    public const string TokenMalformed = "TM-TOKN-4000";

    /// <summary>No session has this token.</summary>
    public const string TokenInvalid = "TM-TOKN-4010";

    /// <summary>The token's session has expired.</summary>
    public const string TokenExpired = "TM-TOKN-4011";

    /// <summary>The token's session has been revoked.</summary>
    public const string TokenRevoked = "TM-TOKN-4012";

    /// <summary>Another live session has this token.</summary>
    public const string TokenConflict = "TM-TOKN-4090";

    /// <summary>There is no such key.</summary>
    public const string KeyNotFound = "TM-KEYS-4040";

    /// <summary>The value is not an integer, or out of range.</summary>
    public const string KeyNotAnInteger = "TM-KEYS-4003";

    /// <summary>The counter would leave the range of 64 bits.</summary>
    public const string KeyOverflow = "TM-KEYS-4004";

    /// <summary>Options of a key's command exclude each other or do not exist.</summary>
    public const string KeySyntax = "TM-KEYS-4005";

    /// <summary>The expiry is not a time that can be kept.</summary>
    public const string KeyInvalidExpire = "TM-KEYS-4006";

    /// <summary>The value is longer than 16 MiB.</summary>
    public const string KeyTooLong = "TM-KEYS-4007";

    /// <summary>The key has another version.</summary>
    public const string KeyVersionConflict = "TM-KEYS-4091";

    /// <summary>A parameter is not one of the allowed values, or its text is not well-formed Unicode.</summary>
    public const string ArgumentInvalid = "TM-ARG-1001";

    /// <summary>A parameter is missing.</summary>
    public const string ArgumentMissing = "TM-ARG-1002";

    /// <summary>Parameters exclude each other.</summary>
    public const string ArgumentConflict = "TM-ARG-1003";

    /// <summary>The admin role is needed.</summary>
    public const string AdminForbidden = "TM-ADMIN-4030";

    /// <summary>Administration from this address is not allowed.</summary>
    public const string AdminAddressNotAllowed = "TM-ADMIN-4031";

    /// <summary>There is no such resource.</summary>
    public const string AdminNotFound = "TM-ADMIN-4041";

    /// <summary>The body is too large.</summary>
    public const string PayloadTooLarge = "TM-ADMIN-4130";

    /// <summary>A node is not who it says it is, is no member, or a change of the members is not possible.</summary>
    public const string NodeConflict = "TM-CLST-4090";

    /// <summary>A call for a node reached another one, or that node is not in the cluster just now.</summary>
    public const string NodeElsewhere = "TM-CLST-4040";

    /// <summary>The data directory is an older copy, or goes on from one: the others know a later start of the node.</summary>
    public const string OtherPast = "TM-CLST-4091";

    /// <summary>The log ends before what the node had said to be durable.</summary>
    public const string LogBehind = "TM-CLST-4092";

    /// <summary>Another process runs as this node, or its former run was heard a moment ago; tried again for 10 s.</summary>
    public const string DirectoryInUse = "TM-CLST-4093";

    /// <summary>The node lacks entries that it had acknowledged: a leader found out.</summary>
    public const string Forgot = "TM-CLST-4094";

    /// <summary>The log, or the node's identity, is missing or older than its directory.</summary>
    public const string LogLost = "TM-CLST-4095";

    /// <summary>No leader could be reached in time, or a node has not heard of another yet; nothing happened.</summary>
    public const string NoLeader = "TM-CLST-5030";

    /// <summary>No answer in time: outcome unknown, unless details.outcome says more.</summary>
    public const string Timeout = "TM-CLST-5040";

    /// <summary>Two nodes are of different clusters, or of versions that do not understand each other.</summary>
    public const string Incompatible = "TM-CLST-5050";

    /// <summary>A setting is unknown, or not of its type.</summary>
    public const string ConfigType = "TM-CFG-1001";

    /// <summary>A setting is out of its range.</summary>
    public const string ConfigRange = "TM-CFG-1002";

    /// <summary>A file that a setting names cannot be read.</summary>
    public const string ConfigFileMissing = "TM-CFG-1003";

    /// <summary>A file that a setting names may not be read.</summary>
    public const string ConfigPermission = "TM-CFG-1004";

    /// <summary>Settings contradict each other.</summary>
    public const string ConfigConflict = "TM-CFG-1005";

    /// <summary>A setting that another one needs is missing.</summary>
    public const string ConfigDependency = "TM-CFG-1006";

    /// <summary>A certificate is not one for this node, or is not trusted.</summary>
    public const string BadCertificate = "TM-CFG-1007";

    /// <summary>The connection string is none.</summary>
    public const string DatabaseUnusable = "TM-DB-4000";

    /// <summary>PostgreSQL refuses the login.</summary>
    public const string DatabaseLogin = "TM-DB-4010";

    /// <summary>The role may not do what is needed.</summary>
    public const string DatabaseForbidden = "TM-DB-4030";

    /// <summary>There is no such database.</summary>
    public const string DatabaseMissing = "TM-DB-4040";

    /// <summary>Tables or stored queries are missing.</summary>
    public const string DatabaseNotPrepared = "TM-DB-4041";

    /// <summary>Other scripts prepared the database.</summary>
    public const string DatabaseOfOthers = "TM-DB-4090";

    /// <summary>PostgreSQL says something else.</summary>
    public const string DatabaseOther = "TM-DB-5000";

    /// <summary>PostgreSQL does not answer.</summary>
    public const string DatabaseAway = "TM-DB-5031";
}
