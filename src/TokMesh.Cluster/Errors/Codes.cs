namespace TokMesh.Cluster.Errors;

/// <summary>Says of a code what happened and what to do, each a sentence without its end.</summary>
[AttributeUsage(AttributeTargets.Field)]
internal sealed class ErrorAttribute(string meaning, string remedy) : Attribute
{
    public string Meaning => meaning;

    public string Remedy => remedy;
}

/// <summary>Every stable error code but those of health conditions (<see cref="HealthCode"/>), each once, with what it means and what to do.</summary>
public static class Codes
{
    [Error("the request cannot be read, or there is no such path", "correct the request; the message says where it is wrong")]
    public const string BadRequest = "TM-SYS-4000";

    [Error("queues are full, or a rate limit is reached; nothing happened", "try again after a moment, or more slowly; look at the limits of the API key")]
    public const string TooManyRequests = "TM-SYS-4290";

    [Error("the server failed", "look for the request id in the node's log")]
    public const string Internal = "TM-SYS-5000";

    [Error("what is stored under a grain's keys is not a grain's state", "look who else writes keys that begin with orleans/, or restore them from a backup")]
    public const string Storage = "TM-SYS-5001";

    [Error("the node is starting or stopping, or has no room for another connection; nothing happened", "try again after a moment, or at another node")]
    public const string Unavailable = "TM-SYS-5030";

    [Error("no API key came with the request", "send one: Authorization: Bearer, X-API-Key, or AUTH over the Redis protocol")]
    public const string ApiKeyMissing = "TM-AUTH-4010";

    [Error("the API key is not valid", "check the key; an administrator can make another")]
    public const string ApiKeyInvalid = "TM-AUTH-4011";

    [Error("the API key is disabled or has expired", "an administrator can enable it, or make another")]
    public const string ApiKeyDisabled = "TM-AUTH-4012";

    [Error("the timestamp of the request is outside the window", "correct the client's clock, or raise security.anti_replay.timestamp_window")]
    public const string TimestampSkew = "TM-AUTH-4014";

    [Error("the nonce of the request has been used", "draw another for every request")]
    public const string NonceReplay = "TM-AUTH-4015";

    [Error("the role of the API key, or of the caller, may not do this", "use a key of another role")]
    public const string Forbidden = "TM-AUTH-4030";

    [Error("requests from this address are not allowed", "correct the allow-list, or security.network.trusted_proxies if a proxy is in between")]
    public const string AddressNotAllowed = "TM-AUTH-4031";

    [Error("a field of the session breaks its rule", "the message names the field and what is allowed")]
    public const string SessionRuleViolation = "TM-SESS-4001";

    [Error("the user has as many sessions as it may, or one command names too many", "revoke some, or raise session.quota.max_per_user; send commands in batches")]
    public const string SessionQuotaExceeded = "TM-SESS-4002";

    [Error("there is no such session", "sign in again")]
    public const string SessionNotFound = "TM-SESS-4040";

    [Error("the session has expired", "sign in again")]
    public const string SessionExpired = "TM-SESS-4041";

    [Error("the session id is taken", "draw another")]
    public const string SessionIdConflict = "TM-SESS-4090";

    [Error("what was to be changed has another version", "read it, and decide again")]
    public const string SessionVersionConflict = "TM-SESS-4091";

    [Error("the token cannot be one", "look what the client sends")]
    public const string TokenMalformed = "TM-TOKN-4000";

    [Error("no session has this token", "sign in again")]
    public const string TokenInvalid = "TM-TOKN-4010";

    [Error("the token's session has expired", "sign in again")]
    public const string TokenExpired = "TM-TOKN-4011";

    [Error("the token's session has been revoked", "sign in again")]
    public const string TokenRevoked = "TM-TOKN-4012";

    [Error("another live session has this token", "draw another")]
    public const string TokenConflict = "TM-TOKN-4090";

    [Error("there is no such key", "nothing, or write it")]
    public const string KeyNotFound = "TM-KEYS-4040";

    [Error("the value is not an integer, or out of range", "look what else writes the key")]
    public const string KeyNotAnInteger = "TM-KEYS-4003";

    [Error("the counter would leave the range of 64 bits", "reset it")]
    public const string KeyOverflow = "TM-KEYS-4004";

    [Error("options of a key's command exclude each other or do not exist", "correct the command")]
    public const string KeySyntax = "TM-KEYS-4005";

    [Error("the expiry is not a time that can be kept", "give a positive one, in the unit of the command")]
    public const string KeyInvalidExpire = "TM-KEYS-4006";

    [Error("the value is longer than 16 MiB", "split it")]
    public const string KeyTooLong = "TM-KEYS-4007";

    [Error("the key has another version", "read it, and decide again")]
    public const string KeyVersionConflict = "TM-KEYS-4091";

    [Error("a parameter is not one of the allowed values, or its text is not well-formed Unicode", "the message names it and what is allowed")]
    public const string ArgumentInvalid = "TM-ARG-1001";

    [Error("a parameter is missing", "the message names it")]
    public const string ArgumentMissing = "TM-ARG-1002";

    [Error("parameters exclude each other", "the message names them")]
    public const string ArgumentConflict = "TM-ARG-1003";

    [Error("the admin role is needed", "use an admin key")]
    public const string AdminForbidden = "TM-ADMIN-4030";

    [Error("administration from this address is not allowed", "correct the allow-list")]
    public const string AdminAddressNotAllowed = "TM-ADMIN-4031";

    [Error("there is no such resource", "list what there is")]
    public const string AdminNotFound = "TM-ADMIN-4041";

    [Error("the body is too large", "the message says how large it may be")]
    public const string PayloadTooLarge = "TM-ADMIN-4130";

    [Error("a node is not who it says it is, is no member, or a change of the members is not possible", "the message says which two disagree and what to do")]
    public const string NodeConflict = "TM-CLST-4090";

    [Error("a call for a node reached another one, or that node is not in the cluster just now", "ask another replica, or try again when its silo is back")]
    public const string NodeElsewhere = "TM-CLST-4040";

    [Error("the data directory is an older copy, or goes on from one: the others know a later start of the node", "put back the directory it last ran with")]
    public const string OtherPast = "TM-CLST-4091";

    [Error("the log ends before what the node had said to be durable", "put back the directory it last ran with")]
    public const string LogBehind = "TM-CLST-4092";

    [Error("another process runs as this node, or its former run was heard a moment ago; tried again for 10 s", "stop one of the two; a copy cannot become another node: start that with an empty directory and a node id of its own")]
    public const string DirectoryInUse = "TM-CLST-4093";

    [Error("the node lacks entries that it had acknowledged: a leader found out", "put back the directory it last ran with")]
    public const string Forgot = "TM-CLST-4094";

    [Error("the log, or the node's identity, is missing or older than its directory", "put back the directory it last ran with")]
    public const string LogLost = "TM-CLST-4095";

    [Error("no leader could be reached in time, or a node has not heard of another yet; nothing happened", "try again; if it stays, look at /cluster/status")]
    public const string NoLeader = "TM-CLST-5030";

    [Error("no answer in time: outcome unknown, unless details.outcome says more", "read before you repeat it")]
    public const string Timeout = "TM-CLST-5040";

    [Error("two nodes are of different clusters, or of versions that do not understand each other", "check seeds and data directories, or bring both to one release")]
    public const string Incompatible = "TM-CLST-5050";

    [Error("a setting is unknown, or not of its type", "the line names the key and what is allowed")]
    public const string ConfigType = "TM-CFG-1001";

    [Error("a setting is out of its range", "the line names the key and what is allowed")]
    public const string ConfigRange = "TM-CFG-1002";

    [Error("a file that a setting names cannot be read", "check the path")]
    public const string ConfigFileMissing = "TM-CFG-1003";

    [Error("a file that a setting names may not be read", "check its owner and mode")]
    public const string ConfigPermission = "TM-CFG-1004";

    [Error("settings contradict each other", "the line names them")]
    public const string ConfigConflict = "TM-CFG-1005";

    [Error("a setting that another one needs is missing", "the line names both")]
    public const string ConfigDependency = "TM-CFG-1006";

    [Error("a certificate is not one for this node, or is not trusted", "issue one whose common name is the node id, by the authority of the cluster")]
    public const string BadCertificate = "TM-CFG-1007";

    [Error("the connection string is none", "Npgsql's form, with a Host")]
    public const string DatabaseUnusable = "TM-DB-4000";

    [Error("PostgreSQL refuses the login", "correct user or password, or pg_hba.conf")]
    public const string DatabaseLogin = "TM-DB-4010";

    [Error("the role may not do what is needed", "the grants in sql/README.md")]
    public const string DatabaseForbidden = "TM-DB-4030";

    [Error("there is no such database", "create it")]
    public const string DatabaseMissing = "TM-DB-4040";

    [Error("tables or stored queries are missing", "apply the scripts that are named, or set cluster.orleans.create_tables=true")]
    public const string DatabaseNotPrepared = "TM-DB-4041";

    [Error("other scripts prepared the database", "cluster.orleans.create_tables=false, or a database of its own")]
    public const string DatabaseOfOthers = "TM-DB-4090";

    [Error("PostgreSQL says something else", "it is quoted")]
    public const string DatabaseOther = "TM-DB-5000";

    [Error("PostgreSQL does not answer", "start it, or correct the address")]
    public const string DatabaseAway = "TM-DB-5031";
}
