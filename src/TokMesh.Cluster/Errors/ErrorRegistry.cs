using TokMesh.State;

namespace TokMesh.Cluster;

/// <summary>What is known of an error code.</summary>
/// <param name="Code">As in <c>TM-SESS-4040</c>.</param>
/// <param name="Meaning">What happened, without an end.</param>
/// <param name="Remedy">What to do, without an end.</param>
public sealed record ErrorEntry(string Code, string Meaning, string Remedy);

/// <summary>The registry of errors; <c>docs/errors.md</c> is made of it.</summary>
public static class ErrorRegistry
{
    /// <summary>Every code of the product, health conditions included, in the order of its text.</summary>
    public static IReadOnlyList<ErrorEntry> All { get; } = [.. Rows().Concat(HealthCodes.All.Select(static c => c.ToEntry())).OrderBy(static e => e.Code, StringComparer.Ordinal)];

    private static ErrorEntry[] Rows() =>
    [
        new(Codes.BadRequest, "the request cannot be read, or there is no such path", "correct the request; the message says where it is wrong"),
        new(Codes.TooManyRequests, "queues are full, or a rate limit is reached; nothing happened", "try again after a moment, or more slowly; look at the limits of the API key"),
        new(Codes.Internal, "the server failed", "look for the request id in the node's log"),
        new(Codes.Storage, "what is stored under a grain's keys is not a grain's state", "look who else writes keys that begin with orleans/, or restore them from a backup"),
        new(Codes.Unavailable, "the node is starting or stopping, or has no room for another connection; nothing happened", "try again after a moment, or at another node"),
        new(Codes.ApiKeyMissing, "no API key came with the request", "send one: Authorization: Bearer, X-API-Key, or AUTH over the Redis protocol"),
        new(Codes.ApiKeyInvalid, "the API key is not valid", "check the key; an administrator can make another"),
        new(Codes.ApiKeyDisabled, "the API key is disabled or has expired", "an administrator can enable it, or make another"),
        new(Codes.TimestampSkew, "the timestamp of the request is outside the window", "correct the client's clock, or raise security.anti_replay.timestamp_window"),
        new(Codes.NonceReplay, "the nonce of the request has been used", "draw another for every request"),
        new(Codes.Forbidden, "the role of the API key, or of the caller, may not do this", "use a key of another role"),
        new(Codes.AddressNotAllowed, "requests from this address are not allowed", "correct the allow-list, or server.trusted_proxies if a proxy is in between"),
        new(Codes.SessionRuleViolation, "a field of the session breaks its rule", "the message names the field and what is allowed"),
        new(Codes.SessionQuotaExceeded, "the user has as many sessions as it may, or one command names too many", "revoke some, or raise session.quota; send commands in batches"),
        new(Codes.SessionNotFound, "there is no such session", "sign in again"),
        new(Codes.SessionExpired, "the session has expired", "sign in again"),
        new(Codes.SessionIdConflict, "the session id is taken", "draw another"),
        new(Codes.SessionVersionConflict, "what was to be changed has another version", "read it, and decide again"),
        new(Codes.TokenMalformed, "the token cannot be one", "look what the client sends"),
        new(Codes.TokenInvalid, "no session has this token", "sign in again"),
        new(Codes.TokenExpired, "the token's session has expired", "sign in again"),
        new(Codes.TokenRevoked, "the token's session has been revoked", "sign in again"),
        new(Codes.TokenConflict, "another live session has this token", "draw another"),
        new(Codes.KeyNotFound, "there is no such key", "nothing, or write it"),
        new(Codes.KeyNotAnInteger, "the value is not an integer, or out of range", "look what else writes the key"),
        new(Codes.KeyOverflow, "the counter would leave the range of 64 bits", "reset it"),
        new(Codes.KeySyntax, "options of a key's command exclude each other or do not exist", "correct the command"),
        new(Codes.KeyInvalidExpire, "the expiry is not a time that can be kept", "give a positive one, in the unit of the command"),
        new(Codes.KeyTooLong, "the value is longer than 16 MiB", "split it"),
        new(Codes.KeyVersionConflict, "the key has another version", "read it, and decide again"),
        new(Codes.ArgumentInvalid, "a parameter is not one of the allowed values, or its text is not well-formed Unicode", "the message names it and what is allowed"),
        new(Codes.ArgumentMissing, "a parameter is missing", "the message names it"),
        new(Codes.ArgumentConflict, "parameters exclude each other", "the message names them"),
        new(Codes.AdminForbidden, "the admin role is needed", "use an admin key"),
        new(Codes.AdminAddressNotAllowed, "administration from this address is not allowed", "correct the allow-list"),
        new(Codes.AdminNotFound, "there is no such resource", "list what there is"),
        new(Codes.PayloadTooLarge, "the body is too large", "the message says how large it may be"),
        new(Codes.NodeConflict, "a node is not who it says it is, is no member, or a change of the members is not possible", "the message says which two disagree and what to do"),
        new(Codes.NodeElsewhere, "a call for a node reached another one, or that node is not in the cluster just now", "ask another replica, or try again when its silo is back"),
        new(Codes.OtherPast, "the data directory is an older copy, or goes on from one: the others know a later start of the node", "put back the directory it last ran with"),
        new(Codes.LogBehind, "the log ends before what the node had said to be durable", "put back the directory it last ran with"),
        new(Codes.DirectoryInUse, "another process runs as this node, or its former run was heard a moment ago; tried again for 10 s", "stop one of the two; a copy cannot become another node: start that with an empty directory and a node id of its own"),
        new(Codes.Forgot, "the node lacks entries that it had acknowledged: a leader found out", "put back the directory it last ran with"),
        new(Codes.LogLost, "the log, or the node's identity, is missing or older than its directory", "put back the directory it last ran with"),
        new(Codes.NoLeader, "no leader could be reached in time, or a node has not heard of another yet; nothing happened", "try again; if it stays, look at /cluster/status"),
        new(Codes.Timeout, "no answer in time: outcome unknown, unless details.outcome says more", "read before you repeat it"),
        new(Codes.Incompatible, "two nodes are of different clusters, or of versions that do not understand each other", "check seeds and data directories, or bring both to one release"),
        new(Codes.ConfigType, "a setting is unknown, or not of its type", "the line names the key and what is allowed"),
        new(Codes.ConfigRange, "a setting is out of its range", "the line names the key and what is allowed"),
        new(Codes.ConfigFileMissing, "a file that a setting names cannot be read", "check the path"),
        new(Codes.ConfigPermission, "a file that a setting names may not be read", "check its owner and mode"),
        new(Codes.ConfigConflict, "settings contradict each other", "the line names them"),
        new(Codes.ConfigDependency, "a setting that another one needs is missing", "the line names both"),
        new(Codes.BadCertificate, "a certificate is not one for this node, or is not trusted", "issue one whose common name is the node id, by the authority of the cluster"),
        new(Codes.DatabaseUnusable, "the connection string is none", "Npgsql's form, with a Host"),
        new(Codes.DatabaseLogin, "PostgreSQL refuses the login", "correct user or password, or pg_hba.conf"),
        new(Codes.DatabaseForbidden, "the role may not do what is needed", "the grants in sql/README.md"),
        new(Codes.DatabaseMissing, "there is no such database", "create it"),
        new(Codes.DatabaseNotPrepared, "tables or stored queries are missing", "apply the scripts that are named, or set cluster.orleans.create-tables=true"),
        new(Codes.DatabaseOfOthers, "other scripts prepared the database", "cluster.orleans.create-tables=false, or a database of its own"),
        new(Codes.DatabaseOther, "PostgreSQL says something else", "it is quoted"),
        new(Codes.DatabaseAway, "PostgreSQL does not answer", "start it, or correct the address"),
    ];
}
