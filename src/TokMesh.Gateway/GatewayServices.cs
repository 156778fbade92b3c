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

namespace TokMesh.Gateway;

/// <summary>How an application that has a TokMesh node in its silo opens the HTTP door beside its own routes.</summary>
public static class GatewayServices
{
    /// <summary>Registers what the door stands on; <c>AddTokMesh</c> of the silo brings the node.</summary>
    /// <exception cref="ArgumentException">An option is out of range; one line for each.</exception>
    public static IServiceCollection AddTokMeshGateway(this IServiceCollection services, GatewayOptions? options = null)
    {
        options ??= new GatewayOptions();
        if (options.Problems() is { Count: > 0 } problems) throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(options));
        services.AddRouting();
        services.AddSingleton(s => DoorOf(s, options));
        return services;
    }

    /// <summary>
    /// Maps every route of the door into the application's own; needs <see cref="AddTokMeshGateway"/>. Paths that are not the door's are the
    /// application's. The application's server must start after its silo, as it does by itself.
    /// </summary>
    public static void MapTokMesh(this IEndpointRouteBuilder endpoints) => endpoints.DataSources.Add(new Routes(endpoints.ServiceProvider));

    private static GatewayDoor DoorOf(IServiceProvider services, GatewayOptions options)
    {
        var running = services.GetRequiredService<LocalNode>().Required;
        var lifetime = services.GetService<IHostApplicationLifetime>();
        return new GatewayDoor
        {
            Node = running.Node,
            Store = running.Store,
            Sessions = running.Sessions,
            Authenticator = services.GetRequiredService<Authenticator>(),
            Membership = services.GetService<INodeNetwork>(),
            Clock = running.Node.Time,
            FillRandom = RandomNumberGenerator.Fill,
            Log = services.GetRequiredService<ILoggerFactory>().CreateLogger("TokMesh.Gateway"),
            Options = options,
            IsStopping = () => lifetime?.ApplicationStopping.IsCancellationRequested == true,
        };
    }

    /// <summary>The door's routes, made when they are first asked for: by then the node runs.</summary>
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
            routes.MapRoutes(new Pipeline(services.GetRequiredService<GatewayDoor>()));
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
