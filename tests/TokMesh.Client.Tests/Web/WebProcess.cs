using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokMesh.Client.AspNetCore;

namespace TokMesh.Client.Tests.Web;

/// <summary>
/// A web application on a loopback port, with nothing in common with another but the store: services, keys and connections of its own.
/// </summary>
internal sealed class WebProcess : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WebProcess(WebApplication app)
    {
        _app = app;
        Http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()),
        };
    }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<WebProcess> StartAsync(string apiKey, Uri endpoint, Action<TokMeshTokenOptions>? tokens = null, TimeSpan? cookieLife = null, Action<IServiceCollection>? services = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddTokMeshClient(o =>
        {
            o.Endpoints.Add(endpoint);
            o.ApiKey = apiKey;
            o.Deadline = TimeSpan.FromSeconds(5);
        });
        builder.Services.AddDataProtection().SetApplicationName("web-tests").PersistKeysToTokMesh();
        builder.Services.AddAuthentication("Cookies").AddCookie(o =>
        {
            o.ExpireTimeSpan = cookieLife ?? TimeSpan.FromHours(1);
            o.Events.OnRedirectToLogin = context =>
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                return Task.CompletedTask;
            };
        }).UseTokMeshTickets().AddTokMeshTokens(tokens);
        builder.Services.AddAuthorization();
        builder.Services.AddTokMeshDistributedCache();
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapPost("/in/{user}", async (HttpContext http, string user, int? size) =>
        {
            var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user), new Claim("extra", new string('x', size ?? 0))], "Cookies");
            await http.SignInAsync(new ClaimsPrincipal(identity));
        });
        app.MapPost("/out", (HttpContext http) => http.SignOutAsync());
        app.MapGet("/me", (ClaimsPrincipal user) => user.FindFirstValue(ClaimTypes.NameIdentifier) + " " + user.FindFirstValue("extra")!.Length).RequireAuthorization();
        app.MapGet("/api", (ClaimsPrincipal user) => user.FindFirstValue(ClaimTypes.NameIdentifier) + " " + user.FindFirstValue(TokMeshTokenDefaults.SessionClaim) + user.FindFirstValue("role"))
            .RequireAuthorization(new AuthorizeAttribute { AuthenticationSchemes = TokMeshTokenDefaults.AuthenticationScheme });
        await app.StartAsync();
        return new WebProcess(app);
    }

    /// <summary>Signs a user in and gives the cookie.</summary>
    public async Task<string> SignInAsync(string user, int size = 0)
    {
        using var response = await Http.PostAsync(new Uri($"/in/{user}?size={size}", UriKind.Relative), null);
        response.EnsureSuccessStatusCode();
        return CookieOf(response)!;
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? cookie = null, string? bearer = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (cookie is not null) request.Headers.Add("Cookie", cookie);
        if (bearer is not null) request.Headers.TryAddWithoutValidation("Authorization", bearer);
        return await Http.SendAsync(request);
    }

    /// <summary>Status and body of a GET.</summary>
    public async Task<(int Status, string Body)> GetAsync(string path, string? cookie = null, string? bearer = null)
    {
        using var response = await SendAsync(HttpMethod.Get, path, cookie, bearer);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public static string? CookieOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies.First().Split(';')[0] : null;

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
