using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace TokMesh.Gateway;

/// <summary>How a host opens the HTTP door.</summary>
public static class GatewayExtensions
{
    /// <summary>
    /// Sets what the door needs of its host: Kestrel's body limit, no <c>Server</c> header, and a log without request paths,
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

    /// <summary>Maps every route of the door, and an enveloped 404 for all others.</summary>
    /// <exception cref="ArgumentException">An option is out of range; one line for each.</exception>
    public static void MapTokMesh(this IEndpointRouteBuilder endpoints, GatewayDoor door)
    {
        var problems = door.Options.Problems();
        if (problems.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(door));
        var pipeline = new Pipeline(door);
        endpoints.MapRoutes(pipeline);
        if (door.AdminPages is { } more)
        {
            var pages = new AdminPages(pipeline, more.Pages);
            endpoints.Map(more.Path + "/{**rest}", (RequestDelegate)pages.RunAsync);
        }
        endpoints.MapFallback("{**path}", (RequestDelegate)(http => pipeline.RunAsync(http, Route.Unmatched)));
    }

    internal static void MapRoutes(this IEndpointRouteBuilder endpoints, Pipeline pipeline)
    {
        foreach (var route in RouteTable.Of(pipeline))
            endpoints.Map(route.Template, (RequestDelegate)(http => pipeline.RunAsync(http, route)));
    }
}
