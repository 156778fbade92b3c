using Microsoft.AspNetCore.Http;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Serving;

/// <summary>
/// Pages of another program behind the admin role, for a browser: it may show the key by HTTP basic authentication (RFC 7617: key id
/// as user, secret as password), which it asks its user for. Here alone, and for reading alone: a browser sends what it once asked
/// for with every request, also with one that another site made it send.
/// </summary>
internal static class AdminPages
{
    private const string Basic = "Basic ";
    private static readonly HttpRoute Reading = new("pages", Get: new(static _ => ValueTask.CompletedTask, Access.AdminApi));

    public static async Task RunAsync(Pipeline pipeline, HttpContext http, RequestDelegate page)
    {
        TakeBasic(http.Request.Headers);
        var operation = Reading.For(http.Request.Method);
        var exchange = new Exchange(pipeline.FrontEnd, http, operation);
        if (pipeline.Admits(exchange, Reading, operation))
        {
            http.Request.Headers.Authorization = default;
            await page(http);
            return;
        }
        if (http.Response.Headers.WWWAuthenticate.Count > 0) http.Response.Headers.WWWAuthenticate = "Basic realm=\"tokmesh\", charset=\"UTF-8\"";
        await exchange.SendAsync();
    }

    private static void TakeBasic(IHeaderDictionary headers)
    {
        if (headers.Authorization is not [{ } authorization] || !authorization.StartsWith(Basic, StringComparison.OrdinalIgnoreCase)) return;
        var bytes = new byte[authorization.Length];
        if (Convert.TryFromBase64String(authorization[Basic.Length..].Trim(), bytes, out var length)
            && TextRules.Read("Authorization", bytes.AsSpan(0, length), out var credential) is null)
            headers.Authorization = "Bearer " + credential;
    }
}
