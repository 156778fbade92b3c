using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Requests;

namespace TokMesh.Gateway;

/// <summary>How a host opens the HTTP front end.</summary>
public static class GatewayExtensions
{
    /// <summary>
    /// Sets what the front end needs of its host: Kestrel's body limit, no <c>Server</c> header, and a log without request paths,
    /// since user ids stand in them.
    /// </summary>
    public static WebApplicationBuilder UseTokMeshDefaults(this WebApplicationBuilder builder, GatewayOptions options)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
        });
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        return builder;
    }

    /// <summary>
    /// For a server whose socket threads run what arrives: lets them go on with requests that compute little, and hands all others to the thread pool.
    /// Goes between <c>UseRouting</c> and whatever computes.
    /// </summary>
    public static IApplicationBuilder UseTokMeshThreads(this IApplicationBuilder app)
    {
        var services = app.ApplicationServices;
        return app.Use((http, next) =>
        {
            if (http.GetEndpoint()?.Metadata.GetMetadata<OperationTraits>() is not { IsQuick: true }) return OnPoolAsync(http, next);
            // All that they need lives as long as the server: a scope of their own would cost a good part of what they cost.
            http.RequestServices = services;
            return next(http);
        });
    }

    private static async Task OnPoolAsync(HttpContext http, RequestDelegate next)
    {
        await Task.Yield();
        await next(http);
    }
}
