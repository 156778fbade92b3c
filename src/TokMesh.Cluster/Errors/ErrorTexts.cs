using System.Collections.Frozen;
using TokMesh.State.Errors;

namespace TokMesh.Cluster.Errors;

/// <summary>What front ends say for an <see cref="ErrorCode"/>: its stable text, and a message where there is no better detail.</summary>
public static class ErrorTexts
{
    private static readonly FrozenDictionary<ErrorCode, (string Text, string Message)> Table = new Dictionary<ErrorCode, (string, string)>
    {
        [ErrorCode.None] = ("OK", "Success"),
        [ErrorCode.SysBadRequest] = (Codes.BadRequest, "the request could not be read"),
        [ErrorCode.SysTooManyRequests] = (Codes.TooManyRequests, "too many requests"),
        [ErrorCode.SysInternal] = (Codes.Internal, "internal error"),
        [ErrorCode.SysUnavailable] = (Codes.Unavailable, "service unavailable"),
        [ErrorCode.AuthMissing] = (Codes.ApiKeyMissing, "no API key"),
        [ErrorCode.AuthInvalid] = (Codes.ApiKeyInvalid, "invalid API key"),
        [ErrorCode.AuthDisabled] = (Codes.ApiKeyDisabled, "API key disabled"),
        [ErrorCode.AuthTimestampSkew] = (Codes.TimestampSkew, "timestamp outside the window"),
        [ErrorCode.AuthNonceReplay] = (Codes.NonceReplay, "nonce already used"),
        [ErrorCode.AuthForbidden] = (Codes.Forbidden, "the API key's role may not do this"),
        [ErrorCode.AuthIpNotAllowed] = (Codes.AddressNotAllowed, "address not allowed"),
        [ErrorCode.SessionRuleViolation] = (Codes.SessionRuleViolation, "session rule violated"),
        [ErrorCode.SessionQuotaExceeded] = (Codes.SessionQuotaExceeded, "session quota exceeded"),
        [ErrorCode.SessionNotFound] = (Codes.SessionNotFound, "Session not found"),
        [ErrorCode.SessionExpired] = (Codes.SessionExpired, "Session expired"),
        [ErrorCode.SessionIdConflict] = (Codes.SessionIdConflict, "session id already exists"),
        [ErrorCode.SessionVersionConflict] = (Codes.SessionVersionConflict, "version conflict"),
        [ErrorCode.TokenMalformed] = (Codes.TokenMalformed, "Token malformed"),
        [ErrorCode.TokenInvalid] = (Codes.TokenInvalid, "Token invalid"),
        [ErrorCode.TokenExpired] = (Codes.TokenExpired, "Token expired"),
        [ErrorCode.TokenRevoked] = (Codes.TokenRevoked, "Token revoked"),
        [ErrorCode.TokenConflict] = (Codes.TokenConflict, "token already bound to another live session"),
        [ErrorCode.ClusterNodeConflict] = (Codes.NodeConflict, "node id conflict"),
        [ErrorCode.ClusterNoNode] = (Codes.NoLeader, "no node available"),
        [ErrorCode.ClusterTimeout] = (Codes.Timeout, "cluster operation timed out"),
        [ErrorCode.ArgumentInvalid] = (Codes.ArgumentInvalid, "invalid argument"),
        [ErrorCode.ArgumentMissing] = (Codes.ArgumentMissing, "missing argument"),
        [ErrorCode.ArgumentConflict] = (Codes.ArgumentConflict, "arguments exclude each other"),
        [ErrorCode.AdminForbidden] = (Codes.AdminForbidden, "admin role needed"),
        [ErrorCode.AdminIpNotAllowed] = (Codes.AdminAddressNotAllowed, "address not allowed"),
        [ErrorCode.AdminNotFound] = (Codes.AdminNotFound, "resource not found"),
        [ErrorCode.AdminPayloadTooLarge] = (Codes.PayloadTooLarge, "payload too large"),
        [ErrorCode.KeyNotAnInteger] = (Codes.KeyNotAnInteger, "value is not an integer or out of range"),
        [ErrorCode.KeyOverflow] = (Codes.KeyOverflow, "increment or decrement would overflow"),
        [ErrorCode.KeySyntax] = (Codes.KeySyntax, "syntax error"),
        [ErrorCode.KeyInvalidExpire] = (Codes.KeyInvalidExpire, "invalid expire time"),
        [ErrorCode.KeyTooLong] = (Codes.KeyTooLong, "string exceeds maximum allowed size (proto-max-bulk-len)"),
        [ErrorCode.KeyVersionConflict] = (Codes.KeyVersionConflict, "the key's version is another"),
        [ErrorCode.Superseded] = (Codes.Unavailable, "not executed"),
        [ErrorCode.ReplyForgotten] = (Codes.Timeout, "executed earlier, its reply is no longer kept"),
        [ErrorCode.ReservationLapsed] = (Codes.Unavailable, "not executed: it arrived after its time limit"),
    }.ToFrozenDictionary();

    /// <summary>All codes.</summary>
    public static IReadOnlyCollection<ErrorCode> All => Table.Keys;

    /// <summary>The stable text, as in <c>TM-SESS-4040</c>; a number from a newer node is an internal error to this one.</summary>
    public static string ToText(this ErrorCode code) => Of(code).Text;

    /// <summary>The default message. For plain keys, Redis's own words.</summary>
    public static string Message(this ErrorCode code) => Of(code).Message;

    private static (string Text, string Message) Of(ErrorCode code) => Table.TryGetValue(code, out var texts) ? texts : Table[ErrorCode.SysInternal];
}
