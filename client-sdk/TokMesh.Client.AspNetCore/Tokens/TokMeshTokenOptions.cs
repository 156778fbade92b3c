using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace TokMesh.Client.AspNetCore;

/// <summary>How requests with TokMesh tokens are authenticated.</summary>
public sealed class TokMeshTokenOptions : AuthenticationSchemeOptions
{
    /// <summary>
    /// How fresh a validation must be; linearizable, so that a revoked token is refused at once. With less, it may be let in for as long as
    /// was asked for.
    /// </summary>
    public Consistency Consistency { get; set; }

    /// <summary>Whether a request counts as an access to the session: last_active moves, and the shard's leader answers.</summary>
    public bool Touch { get; set; }

    /// <summary>Adds claims to those of every session: from its data, for instance.</summary>
    public Action<Session, ClaimsIdentity>? AddClaims { get; set; }
}

/// <summary>Names that belong to TokMesh tokens.</summary>
public static class TokMeshTokenDefaults
{
    /// <summary>The scheme, unless another is named.</summary>
    public const string AuthenticationScheme = "TokMesh";

    /// <summary>The claim with the session's id. Its user is the NameIdentifier.</summary>
    public const string SessionClaim = "tokmesh:session";
}
