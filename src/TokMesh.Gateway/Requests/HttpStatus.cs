using TokMesh.State.Errors;

namespace TokMesh.Gateway.Requests;

/// <summary>HTTP's statuses of errors.</summary>
internal static class HttpStatus
{
    /// <summary>The status of an answer with this code; a number from a newer node is an internal error to this one.</summary>
    public static int Of(ErrorCode code) => code switch
    {
        ErrorCode.None => 200,
        ErrorCode.SysBadRequest or ErrorCode.SessionRuleViolation or ErrorCode.TokenMalformed or ErrorCode.ArgumentInvalid or
            ErrorCode.ArgumentMissing or ErrorCode.ArgumentConflict or ErrorCode.KeyNotAnInteger or ErrorCode.KeyOverflow or
            ErrorCode.KeySyntax or ErrorCode.KeyInvalidExpire or ErrorCode.KeyTooLong => 400,
        ErrorCode.AuthMissing or ErrorCode.AuthInvalid or ErrorCode.AuthDisabled or ErrorCode.AuthTimestampSkew or
            ErrorCode.AuthNonceReplay or ErrorCode.TokenInvalid or ErrorCode.TokenExpired or ErrorCode.TokenRevoked => 401,
        ErrorCode.AuthForbidden or ErrorCode.AuthIpNotAllowed or ErrorCode.AdminForbidden or ErrorCode.AdminIpNotAllowed => 403,
        ErrorCode.SessionNotFound or ErrorCode.SessionExpired or ErrorCode.AdminNotFound => 404,
        ErrorCode.SessionIdConflict or ErrorCode.SessionVersionConflict or ErrorCode.TokenConflict or ErrorCode.ClusterNodeConflict or
            ErrorCode.KeyVersionConflict => 409,
        ErrorCode.AdminPayloadTooLarge => 413,
        ErrorCode.SysTooManyRequests or ErrorCode.SessionQuotaExceeded => 429,
        ErrorCode.SysUnavailable or ErrorCode.ClusterNoNode or ErrorCode.Superseded or ErrorCode.ReservationLapsed => 503,
        ErrorCode.ClusterTimeout or ErrorCode.ReplyForgotten => 504,
        _ => 500,
    };
}
