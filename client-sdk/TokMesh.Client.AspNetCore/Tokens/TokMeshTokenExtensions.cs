using Microsoft.AspNetCore.Authentication;

namespace TokMesh.Client.AspNetCore;

/// <summary>Adds the authentication of TokMesh tokens.</summary>
public static class TokMeshTokenExtensions
{
    /// <summary>Authenticates requests with <c>Authorization: Bearer</c> and a TokMesh token. Needs an <see cref="ITokMeshClient"/>.</summary>
    public static AuthenticationBuilder AddTokMeshTokens(this AuthenticationBuilder builder, Action<TokMeshTokenOptions>? configure = null) =>
        builder.AddTokMeshTokens(TokMeshTokenDefaults.AuthenticationScheme, configure);

    /// <summary>The same under another scheme's name.</summary>
    public static AuthenticationBuilder AddTokMeshTokens(this AuthenticationBuilder builder, string scheme, Action<TokMeshTokenOptions>? configure = null) =>
        builder.AddScheme<TokMeshTokenOptions, TokMeshTokenHandler>(scheme, configure);
}
