using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using TokMesh.Cluster;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Limits;
using TokMesh.Cluster.Nodes;
using TokMesh.Gateway.Endpoints;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Metering;
using TokMesh.Gateway.Requests;
using TokMesh.Gateway.Serving;

namespace TokMesh.Gateway;

/// <summary>How an application that has a TokMesh node in its silo opens the HTTP front end beside its own routes.</summary>
public static class GatewayServices
{
    /// <summary>
    /// Registers what the front end stands on; <c>AddTokMesh</c> of the silo brings the node. <see cref="HeldBytes"/> and every
    /// <see cref="ConnectionLimit"/> that is registered is kept, or shown in the metrics; so is what a <see cref="NodeMeter"/> counts.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range; one line for each.</exception>
    public static IServiceCollection AddTokMeshGateway(this IServiceCollection services, GatewayOptions? options = null)
    {
        options ??= new GatewayOptions();
        if (options.Problems() is { Count: > 0 } problems) throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(options));
        services.AddRouting();
        services.AddSingleton(s => FrontEndOf(s, options));
        services.AddSingleton(static s => new Pipeline(s.GetRequiredService<GatewayFrontEnd>()));
        return services;
    }

    /// <summary>
    /// Maps every route of the front end into the application's own; needs <see cref="AddTokMeshGateway"/>. Paths that are not the front end's are the
    /// application's. The application's server must start after its silo, as it does by itself.
    /// </summary>
    public static void MapTokMesh(this IEndpointRouteBuilder endpoints) => endpoints.DataSources.Add(new Routes(endpoints.ServiceProvider));

    /// <summary>Answers whatever no route takes as the front end does, with an enveloped 404; needs <see cref="AddTokMeshGateway"/>.</summary>
    public static void MapTokMeshFallback(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapFallback("{**path}", (RequestDelegate)(static http => http.RequestServices.GetRequiredService<Pipeline>().RunAsync(http, HttpRoute.Unmatched)));

    /// <summary>
    /// Lets only admins read these pages. A browser may show the key by HTTP basic authentication (RFC 7617: key id as user, secret as
    /// password), which it asks its user for. Needs <see cref="AddTokMeshGateway"/>.
    /// </summary>
    public static TBuilder RequireTokMeshAdmin<TBuilder>(this TBuilder pages)
        where TBuilder : IEndpointConventionBuilder
    {
        pages.Add(static endpoint =>
        {
            var page = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = http => AdminPages.RunAsync(http.RequestServices.GetRequiredService<Pipeline>(), http, page);
        });
        return pages;
    }

    private static GatewayFrontEnd FrontEndOf(IServiceProvider services, GatewayOptions options)
    {
        var running = services.GetRequiredService<LocalNode>().Required;
        var lifetime = services.GetService<IHostApplicationLifetime>();
        return new GatewayFrontEnd
        {
            Node = running.Node,
            Store = running.Store,
            Sessions = running.Sessions,
            Authenticator = services.GetRequiredService<Authenticator>(),
            Membership = services.GetService<INodeNetwork>(),
            Clock = running.Node.Time,
            FillRandom = RandomNumberGenerator.Fill,
            Log = services.GetRequiredService<ILoggerFactory>().CreateLogger("TokMesh.Gateway"),
            Meter = services.GetService<NodeMeter>(),
            Held = services.GetService<HeldBytes>() ?? HeldBytes.Unlimited,
            Connections = [.. services.GetServices<ConnectionLimit>()],
            Options = options,
            IsStopping = () => lifetime?.ApplicationStopping.IsCancellationRequested == true,
        };
    }

    /// <summary>The front end's routes, made when they are first asked for: by then the node runs.</summary>
    private sealed class Routes(IServiceProvider services) : EndpointDataSource
    {
        private readonly Lock _lock = new();
        private IReadOnlyList<Endpoint>? _endpoints;

        public override IReadOnlyList<Endpoint> Endpoints
        {
            get
            {
                lock (_lock) return _endpoints ??= Map();
            }
        }

        public override IChangeToken GetChangeToken() => NullChangeToken.Singleton;

        private Endpoint[] Map()
        {
            var routes = new Builder(services);
            var pipeline = services.GetRequiredService<Pipeline>();
            foreach (var route in RouteTable.Of(pipeline)) routes.Map(route.Template, (RequestDelegate)(http => pipeline.RunAsync(http, route)));
            return [.. routes.DataSources.SelectMany(d => d.Endpoints)];
        }
    }

    private sealed class Builder(IServiceProvider services) : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider => services;

        public ICollection<EndpointDataSource> DataSources { get; } = [];

        public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(services);
    }
}
