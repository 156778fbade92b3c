using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using TokMesh.Client;

namespace TokMesh.Sample.Web;

/// <summary>The pages a person sees: signing in, who is signed in, signing out here or everywhere.</summary>
internal static class PageEndpoints
{
    public static void MapPages(this WebApplication app)
    {
        app.MapGet("/", ShowAsync);
        app.MapPost("/sign-in", SignInAsync);
        app.MapPost("/sign-out", SignOutAsync);
        app.MapPost("/sign-out-everywhere", SignOutEverywhereAsync).RequireAuthorization();
    }

    private static async Task<IResult> ShowAsync(HttpContext http, IAntiforgery antiforgery, ITokMeshClient store)
    {
        if (UserOf(http) is not { } user) return Page(SignInForm(http, antiforgery, null));
        var sessions = await store.Sessions.ListAsync(new SessionQuery { UserId = user });
        return Page($"""
            <h1>Hello, {WebUtility.HtmlEncode(user)}</h1>
            <p>You are signed in. Sessions of yours: {sessions.Total}.</p>
            <form method="post" action="/sign-out">{Token(http, antiforgery)}<button>Sign out</button></form>
            <form method="post" action="/sign-out-everywhere">{Token(http, antiforgery)}<button>Sign out everywhere</button></form>
            """);
    }

    private static async Task<IResult> SignInAsync(HttpContext http, IAntiforgery antiforgery, [FromForm] string user, [FromForm] string password)
    {
        // A demonstration: everybody's password is "demo". A real application asks its user database here.
        if (user.Length == 0 || password != "demo") return Page(SignInForm(http, antiforgery, "That is not right. The password is: demo"), StatusCodes.Status401Unauthorized);
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user), new Claim(ClaimTypes.Name, user)], "Cookies");
        await http.SignInAsync(new ClaimsPrincipal(identity));
        return Results.Redirect("/");
    }

    private static async Task<IResult> SignOutAsync(HttpContext http, IAntiforgery antiforgery)
    {
        await antiforgery.ValidateRequestAsync(http);
        await http.SignOutAsync();
        return Results.Redirect("/");
    }

    private static async Task<IResult> SignOutEverywhereAsync(HttpContext http, IAntiforgery antiforgery, ITokMeshClient store)
    {
        await antiforgery.ValidateRequestAsync(http);
        // One entry in one shard: when this returns, no cookie and no token of this user is worth anything, on any machine.
        await store.Sessions.RevokeUserAsync(UserOf(http)!);
        await http.SignOutAsync();
        return Results.Redirect("/");
    }

    private static string? UserOf(HttpContext http) => http.User.FindFirstValue(ClaimTypes.NameIdentifier);

    private static string SignInForm(HttpContext http, IAntiforgery antiforgery, string? problem) => $"""
        <h1>Sign in</h1>
        <p>{WebUtility.HtmlEncode(problem ?? "Any name will do; the password is: demo")}</p>
        <form method="post" action="/sign-in">{Token(http, antiforgery)}
          <label>Name <input name="user" autofocus></label>
          <label>Password <input name="password" type="password"></label>
          <button>Sign in</button>
        </form>
        """;

    private static string Token(HttpContext http, IAntiforgery antiforgery)
    {
        var tokens = antiforgery.GetAndStoreTokens(http);
        return $"""<input type="hidden" name="{tokens.FormFieldName}" value="{tokens.RequestToken}">""";
    }

    private static IResult Page(string body, int status = StatusCodes.Status200OK) => Results.Content($"""
        <!doctype html>
        <html lang="en">
        <head><meta charset="utf-8"><title>TokMesh sample</title></head>
        <body>
        {body}
        </body>
        </html>
        """, "text/html; charset=utf-8", statusCode: status);
}
