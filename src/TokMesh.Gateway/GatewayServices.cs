using System.Security.Cryptography;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TokMesh.Cluster;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Limits;
using TokMesh.Cluster.Metering;
using TokMesh.Cluster.Nodes;
using TokMesh.Gateway.Description;
using TokMesh.Gateway.Endpoints;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Metering;
using TokMesh.Gateway.Protection;
using TokMesh.Gateway.Requests;
using TokMesh.Gateway.Telemetry;

namespace TokMesh.Gateway;

/// <summary>How an application that has a TokMesh node in its silo opens the HTTP front end beside its own routes.</summary>
public static class GatewayServices
{
    /// <summary>
    /// Registers what the front end stands on; <c>AddTokMesh</c> of the silo brings the node and its metrics. <see cref="HeldBytes"/> and every
    /// <c>ConnectionLimit</c> that is registered is kept, or shown in the metrics.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range; one line for each.</exception>
    public static IServiceCollection AddTokMeshGateway(this IServiceCollection services, GatewayOptions? options = null)
    {
        options ??= new GatewayOptions();
        if (options.Problems() is { Count: > 0 } problems) throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(options));
        services.AddRouting();
        services.AddMetrics();
        services.AddSingleton(options);
        services.AddSingleton(static s => FrontEndOf(s));
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<KeyUsage>();
        services.AddSingleton<KeyRates>();
        services.AddSingleton<Admission>();
        services.AddSingleton(static s => new AntiReplay(s.GetRequiredService<GatewayOptions>().AntiReplay, s.GetRequiredService<GatewayFrontEnd>().Clock, s.GetRequiredService<GatewayMetrics>()));
        services.AddTransient<ApiKeyAuthentication>();
        services.AddAuthentication(static authentication =>
        {
            authentication.AddScheme<ApiKeyAuthentication>(ApiKeyAuthentication.Scheme, null);
            authentication.AddScheme<ApiKeyAuthentication>(ApiKeyAuthentication.PageScheme, null);
        });
        services.AddAuthorization(Policies.Add);
        services.AddTransient<PolicyEvaluator>();
        services.AddSingleton<IPolicyEvaluator, CallPolicyEvaluator>();
        ApiDescription.Add(services);
        GatewayTelemetry.Add(services);
        return services;
    }

    /// <summary>
    /// Maps every route of the front end into the application's own; needs <see cref="AddTokMeshGateway"/>. Paths that are not the front end's are the
    /// application's. The application's server must start after its silo, as it does by itself.
    /// </summary>
    public static void MapTokMesh(this IEndpointRouteBuilder endpoints)
    {
        var options = endpoints.ServiceProvider.GetRequiredService<GatewayOptions>();
        var open = endpoints.MapGroup("").WithMetadata(new OperationTraits()).AddEndpointFilter<OperationFilter>();
        open.MapHealth();
        var keyed = open.MapGroup("").AddEndpointFilter<ConsistencyHeader>();
        keyed.MapSessions();
        keyed.MapSearch();
        keyed.MapTokens();
        keyed.MapKeys(options.MaxBodyBytes);
        keyed.MapApiKeys();
        keyed.MapCluster();
        open.MapMetrics(options.MetricsAuthentication);
        ApiDescription.Map(endpoints);
    }

    /// <summary>Answers whatever no route takes as the front end does, with an enveloped 404; needs <see cref="AddTokMeshGateway"/>.</summary>
    public static void MapTokMeshFallback(this IEndpointRouteBuilder endpoints) => endpoints.MapNoSuchPath();

    /// <summary>
    /// Lets only admins read these pages. A browser may show the key by HTTP basic authentication (RFC 7617: key id as user, secret as
    /// password), which it asks its user for. Needs <see cref="AddTokMeshGateway"/>.
    /// </summary>
    public static TBuilder RequireTokMeshAdmin<TBuilder>(this TBuilder pages)
        where TBuilder : IEndpointConventionBuilder => pages.RequireAuthorization(Policies.Pages).WithMetadata(new OperationTraits { IsAdminApi = true, IsPage = true });

    private static GatewayFrontEnd FrontEndOf(IServiceProvider services)
    {
        var running = services.GetRequiredService<LocalNode>().Required;
        var lifetime = services.GetService<IHostApplicationLifetime>();
        return new GatewayFrontEnd
        {
            Node = running.Node,
            Store = running.Store,
            Sessions = running.Sessions,
            Authenticator = services.GetRequiredService<Authenticator>(),
            Survey = services.GetRequiredService<ReplicaSurvey>(),
            Membership = services.GetService<INodeNetwork>(),
            Clock = running.Node.Time,
            FillRandom = RandomNumberGenerator.Fill,
            Log = services.GetRequiredService<ILoggerFactory>().CreateLogger("TokMesh.Gateway"),
            Held = services.GetService<HeldBytes>() ?? HeldBytes.Unlimited,
            Options = services.GetRequiredService<GatewayOptions>(),
            IsStopping = () => lifetime?.ApplicationStopping.IsCancellationRequested == true,
        };
    }
}
