using System.Globalization;
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Caching.Distributed;
using TokMesh.Client;
using TokMesh.Client.AspNetCore;

namespace TokMesh.Sample.Web;

/// <summary>What programs see: an API behind TokMesh tokens, and something that is cached.</summary>
internal static class ApiEndpoints
{
    private static readonly DistributedCacheEntryOptions TenSeconds = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(10) };

    public static void MapApi(this WebApplication app)
    {
        // For who is signed in: a token to call the API with.
        app.MapPost("/api/tokens", GiveTokenAsync).RequireAuthorization().DisableAntiforgery();
        var tokens = new AuthorizeAttribute { AuthenticationSchemes = TokMeshTokenDefaults.AuthenticationScheme };
        app.MapGet("/api/me", Me).RequireAuthorization(tokens);
        app.MapGet("/api/time", TimeAsync);
    }

    private static async Task<IResult> GiveTokenAsync(HttpContext http, ITokMeshClient store)
    {
        // A browser sends a header of its own only to the site it was loaded from: no other site can have a token made.
        if (http.Request.Headers["X-Requested-With"].Count == 0) return Results.BadRequest("The header X-Requested-With is missing.");
        var created = await store.Sessions.CreateAsync(new NewSession
        {
            UserId = http.User.FindFirstValue(ClaimTypes.NameIdentifier)!,
            Ttl = TimeSpan.FromHours(1),
            DeviceId = "api",
        });
        return Results.Json(new { token = created.Token, expires_at = created.ExpiresAt });
    }

    private static IResult Me(ClaimsPrincipal user) =>
        Results.Json(new { user = user.FindFirstValue(ClaimTypes.NameIdentifier), session = user.FindFirstValue(TokMeshTokenDefaults.SessionClaim) });

    private static async Task<string> TimeAsync(IDistributedCache cache)
    {
        if (await cache.GetAsync("time") is { } known) return Encoding.UTF8.GetString(known);
        var time = DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture);
        await cache.SetAsync("time", Encoding.UTF8.GetBytes(time), TenSeconds);
        return time;
    }
}
