using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace TokMesh.Client.AspNetCore;

/// <summary>Keeps cookie tickets in TokMesh.</summary>
public static class TokMeshTicketExtensions
{
    /// <summary>
    /// Keeps the tickets of a cookie scheme as TokMesh sessions: <c>.AddCookie().UseTokMeshTickets()</c>. Needs an
    /// <see cref="ITokMeshClient"/>, and Data Protection keys that all processes of the application share (see
    /// <see cref="TokMeshDataProtectionExtensions.PersistKeysToTokMesh"/>).
    /// </summary>
    /// <param name="builder">The application's authentication.</param>
    /// <param name="scheme">The cookie scheme.</param>
    public static AuthenticationBuilder UseTokMeshTickets(this AuthenticationBuilder builder, string scheme = CookieAuthenticationDefaults.AuthenticationScheme)
    {
        builder.Services.AddDataProtection();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<TokMeshTicketStore>();
        builder.Services.AddOptions<CookieAuthenticationOptions>(scheme).Configure<TokMeshTicketStore>(static (options, store) => options.SessionStore = store);
        return builder;
    }
}
