using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokMesh.Cluster;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Limits;
using TokMesh.Redis.FrontEnd;

namespace TokMesh.Redis;

/// <summary>How an application that has a TokMesh node in its silo opens the Redis front end.</summary>
public static class RedisServices
{
    /// <summary>
    /// Registers what the front end stands on; <c>AddTokMesh</c> of the silo brings the node. <see cref="HeldBytes"/> and a
    /// <see cref="ConnectionLimit"/> named <see cref="RedisFrontEnd.Listener"/> that are registered are kept. Its figures are those of the meter
    /// <see cref="RedisFrontEnd.MeterName"/>.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every problem.</exception>
    public static IServiceCollection AddTokMeshRedis(this IServiceCollection services, RedisFrontEndOptions? options = null)
    {
        options ??= new RedisFrontEndOptions();
        if (options.Validate() is { Count: > 0 } problems) throw new ArgumentException(string.Join(" ", problems), nameof(options));
        services.AddMetrics();
        services.AddSingleton(s =>
        {
            var running = s.GetRequiredService<LocalNode>().Required;
            var node = running.Node;
            var frontEnd = new RedisFrontEnd(options, running.Store, running.Sessions, s.GetRequiredService<Authenticator>(), () => node.Time.WallMs)
            {
                Connections = s.GetServices<ConnectionLimit>().FirstOrDefault(static l => l.Name == RedisFrontEnd.Listener) ?? RedisFrontEnd.AnyNumber(),
                Held = s.GetService<HeldBytes>() ?? HeldBytes.Unlimited,
                IsReady = () => node.Meta is not null,
            };
            frontEnd.AddTo(s.GetRequiredService<IMeterFactory>().Create(RedisFrontEnd.MeterName));
            return frontEnd;
        });
        return services;
    }

    /// <summary>
    /// Serves Redis clients on an endpoint of Kestrel, <c>kestrel.Listen(address, listen =&gt; listen.UseTokMeshRedis())</c>, after
    /// <c>UseHttps</c> for TLS; needs <see cref="AddTokMeshRedis"/>.
    /// </summary>
    public static IConnectionBuilder UseTokMeshRedis(this IConnectionBuilder connections)
    {
        var services = connections.ApplicationServices;
        // Endpoints are configured before the node runs.
        var handler = new Lazy<RedisConnectionHandler>(() =>
            new RedisConnectionHandler(services.GetRequiredService<RedisFrontEnd>(), services.GetRequiredService<ILogger<RedisConnectionHandler>>()), LazyThreadSafetyMode.PublicationOnly);
        return connections.Run(connection => handler.Value.OnConnectedAsync(connection));
    }
}
