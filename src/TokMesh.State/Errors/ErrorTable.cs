using System.Collections.Frozen;

namespace TokMesh.State;

/// <summary>What the doors say for a code.</summary>
/// <param name="Text">The stable text, as in <c>TM-SESS-4040</c>.</param>
/// <param name="HttpStatus">HTTP status; 0 for codes only the command line raises.</param>
/// <param name="Message">The message when there is no better detail. For plain keys, Redis's own words.</param>
/// <param name="RedisPrefix">
/// For plain-key errors the word Redis puts first (<c>ERR</c>, <c>WRONGTYPE</c>), followed by the message alone; null
/// for the others, which the Redis door writes as <c>ERR code message</c> (contract 6.2).
/// </param>
public sealed record ErrorInfo(string Text, int HttpStatus, string Message, string? RedisPrefix);

/// <summary>The one table of error texts, statuses and default messages.</summary>
public static class ErrorTable
{
    private static readonly FrozenDictionary<ErrorCode, ErrorInfo> Table = new Dictionary<ErrorCode, ErrorInfo>
    {
        [ErrorCode.None] = new("OK", 200, "Success", null),
        [ErrorCode.SysBadRequest] = new("TM-SYS-4000", 400, "the request could not be read", null),
        [ErrorCode.SysTooManyRequests] = new("TM-SYS-4290", 429, "too many requests", null),
        [ErrorCode.SysInternal] = new("TM-SYS-5000", 500, "internal error", null),
        [ErrorCode.SysStorage] = new("TM-SYS-5001", 500, "storage error", null),
        [ErrorCode.SysBackupFailed] = new("TM-SYS-5002", 500, "backup or restore failed", null),
        [ErrorCode.SysUnavailable] = new("TM-SYS-5030", 503, "service unavailable", null),
        [ErrorCode.AuthMissing] = new("TM-AUTH-4010", 401, "no API key", null),
        [ErrorCode.AuthInvalid] = new("TM-AUTH-4011", 401, "invalid API key", null),
        [ErrorCode.AuthDisabled] = new("TM-AUTH-4012", 401, "API key disabled", null),
        [ErrorCode.AuthReserved4013] = new("TM-AUTH-4013", 401, "authentication failed", null),
        [ErrorCode.AuthTimestampSkew] = new("TM-AUTH-4014", 401, "timestamp outside the window", null),
        [ErrorCode.AuthNonceReplay] = new("TM-AUTH-4015", 401, "nonce already used", null),
        [ErrorCode.AuthForbidden] = new("TM-AUTH-4030", 403, "the API key's role may not do this", null),
        [ErrorCode.AuthIpNotAllowed] = new("TM-AUTH-4031", 403, "address not allowed", null),
        [ErrorCode.SessionRuleViolation] = new("TM-SESS-4001", 400, "session rule violated", null),
        [ErrorCode.SessionQuotaExceeded] = new("TM-SESS-4002", 429, "session quota exceeded", null),
        [ErrorCode.SessionNotFound] = new("TM-SESS-4040", 404, "Session not found", null),
        [ErrorCode.SessionExpired] = new("TM-SESS-4041", 404, "Session expired", null),
        [ErrorCode.SessionIdConflict] = new("TM-SESS-4090", 409, "session id already exists", null),
        [ErrorCode.SessionVersionConflict] = new("TM-SESS-4091", 409, "version conflict", null),
        [ErrorCode.TokenMalformed] = new("TM-TOKN-4000", 400, "Token malformed", null),
        [ErrorCode.TokenInvalid] = new("TM-TOKN-4010", 401, "Token invalid", null),
        [ErrorCode.TokenExpired] = new("TM-TOKN-4011", 401, "Token expired", null),
        [ErrorCode.TokenRevoked] = new("TM-TOKN-4012", 401, "Token revoked", null),
        [ErrorCode.TokenConflict] = new("TM-TOKN-4090", 409, "token already bound to another live session", null),
        [ErrorCode.ClusterNodeConflict] = new("TM-CLST-4090", 409, "node id conflict", null),
        [ErrorCode.ClusterNoNode] = new("TM-CLST-5030", 503, "no node available", null),
        [ErrorCode.ClusterTimeout] = new("TM-CLST-5040", 504, "cluster operation timed out", null),
        [ErrorCode.ClusterInconsistent] = new("TM-CLST-5050", 500, "cluster data inconsistent", null),
        [ErrorCode.ConfigType] = new("TM-CFG-1001", 400, "wrong type", null),
        [ErrorCode.ConfigRange] = new("TM-CFG-1002", 400, "value out of range", null),
        [ErrorCode.ConfigFileMissing] = new("TM-CFG-1003", 400, "file missing", null),
        [ErrorCode.ConfigPermission] = new("TM-CFG-1004", 400, "wrong permissions", null),
        [ErrorCode.ConfigConflict] = new("TM-CFG-1005", 400, "settings contradict each other", null),
        [ErrorCode.ConfigDependency] = new("TM-CFG-1006", 400, "a setting this one needs is missing", null),
        [ErrorCode.ConfigBadCertificate] = new("TM-CFG-1007", 400, "bad certificate", null),
        [ErrorCode.ConfigReserved1008] = new("TM-CFG-1008", 400, "certificate expired", null),
        [ErrorCode.ArgumentInvalid] = new("TM-ARG-1001", 400, "invalid argument", null),
        [ErrorCode.ArgumentMissing] = new("TM-ARG-1002", 400, "missing argument", null),
        [ErrorCode.ArgumentConflict] = new("TM-ARG-1003", 400, "arguments exclude each other", null),
        [ErrorCode.AdminForbidden] = new("TM-ADMIN-4030", 403, "admin role needed", null),
        [ErrorCode.AdminIpNotAllowed] = new("TM-ADMIN-4031", 403, "address not allowed", null),
        [ErrorCode.AdminNotFound] = new("TM-ADMIN-4041", 404, "resource not found", null),
        [ErrorCode.AdminConflict] = new("TM-ADMIN-4091", 409, "conflicts with a running operation", null),
        [ErrorCode.AdminPayloadTooLarge] = new("TM-ADMIN-4130", 413, "payload too large", null),
        [ErrorCode.AdminUnprocessable] = new("TM-ADMIN-4221", 422, "the content cannot be processed", null),
        [ErrorCode.AdminTooOften] = new("TM-ADMIN-4291", 429, "too often", null),
        [ErrorCode.AdminOperationFailed] = new("TM-ADMIN-5001", 500, "operation failed", null),
        [ErrorCode.AdminUnavailable] = new("TM-ADMIN-5031", 503, "unavailable during restore", null),
        [ErrorCode.CliConfig] = new("TM-CLI-1001", 0, "configuration could not be loaded", null),
        [ErrorCode.CliConnect] = new("TM-CLI-1002", 0, "connection failed", null),
        [ErrorCode.CliTls] = new("TM-CLI-1003", 0, "TLS failed", null),
        [ErrorCode.CliAuth] = new("TM-CLI-1004", 0, "authentication failed", null),
        [ErrorCode.CliArguments] = new("TM-CLI-1005", 0, "bad arguments", null),
        [ErrorCode.CliTimeout] = new("TM-CLI-1006", 0, "timed out", null),
        [ErrorCode.CliSerialization] = new("TM-CLI-1007", 0, "output could not be written", null),
        [ErrorCode.KeyWrongType] = new("TM-KEYS-4002", 409, "Operation against a key holding the wrong kind of value", "WRONGTYPE"),
        [ErrorCode.KeyNotAnInteger] = new("TM-KEYS-4003", 400, "value is not an integer or out of range", "ERR"),
        [ErrorCode.KeyOverflow] = new("TM-KEYS-4004", 400, "increment or decrement would overflow", "ERR"),
        [ErrorCode.KeySyntax] = new("TM-KEYS-4005", 400, "syntax error", "ERR"),
        [ErrorCode.KeyInvalidExpire] = new("TM-KEYS-4006", 400, "invalid expire time", "ERR"),
        [ErrorCode.KeyTooLong] = new("TM-KEYS-4007", 400, "string exceeds maximum allowed size (proto-max-bulk-len)", "ERR"),
        [ErrorCode.KeyVersionConflict] = new("TM-KEYS-4091", 409, "the key's version is another", "ERR"),
        [ErrorCode.Superseded] = new("TM-SYS-5030", 503, "not executed", null),
        [ErrorCode.ReplyForgotten] = new("TM-CLST-5040", 504, "executed earlier, its reply is no longer kept", null),
        [ErrorCode.ReservationLapsed] = new("TM-SYS-5030", 503, "not executed: it arrived after its time limit", null),
    }.ToFrozenDictionary();

    /// <summary>All codes.</summary>
    public static IReadOnlyCollection<ErrorCode> Codes => Table.Keys;

    /// <summary>The row of a code; a number from a newer node is an internal error to this one.</summary>
    public static ErrorInfo Info(this ErrorCode code)
        => Table.TryGetValue(code, out ErrorInfo? info) ? info : Table[ErrorCode.SysInternal];

    /// <summary>The stable text, as in <c>TM-SESS-4040</c>.</summary>
    public static string ToText(this ErrorCode code) => code.Info().Text;

    /// <summary>The HTTP status.</summary>
    public static int HttpStatus(this ErrorCode code) => code.Info().HttpStatus;

    /// <summary>The default message.</summary>
    public static string Message(this ErrorCode code) => code.Info().Message;
}
