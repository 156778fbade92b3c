using System.Diagnostics.CodeAnalysis;

namespace TokMesh.Client;

/// <summary>What a token is worth.</summary>
public enum TokenStatus
{
    /// <summary>It is a live session's.</summary>
    Valid,

    /// <summary>No session has it, or it cannot be a token.</summary>
    Invalid,

    /// <summary>Its session has expired, not more than 10 minutes ago.</summary>
    Expired,

    /// <summary>Its session was revoked, not more than 10 minutes ago.</summary>
    Revoked,
}

/// <summary>The answer to a validation: the session, or why there is none.</summary>
public sealed record TokenValidation
{
    private TokenValidation(TokenStatus status, Session? session) => (Status, Session) = (status, session);

    /// <summary>What the token is worth.</summary>
    public TokenStatus Status { get; }

    /// <summary>The token's session, if it is valid.</summary>
    public Session? Session { get; }

    /// <summary>Whether the token is a live session's.</summary>
    [MemberNotNullWhen(true, nameof(Session))]
    public bool IsValid => Session is not null;

    /// <summary>A valid token.</summary>
    public static TokenValidation Valid(Session session) => new(TokenStatus.Valid, session);

    /// <summary>A token that is not valid.</summary>
    public static TokenValidation NotValid(TokenStatus status)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(status, TokenStatus.Valid);
        return new TokenValidation(status, null);
    }

    /// <summary>What a refusal's code says of the token; null when the code speaks of something else.</summary>
    internal static TokenValidation? OfCode(string code) => code switch
    {
        TokMeshErrorCode.TokenMalformed or TokMeshErrorCode.TokenInvalid => NotValid(TokenStatus.Invalid),
        TokMeshErrorCode.TokenExpired => NotValid(TokenStatus.Expired),
        TokMeshErrorCode.TokenRevoked => NotValid(TokenStatus.Revoked),
        _ => null,
    };
}
