using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokMesh.Cluster;

namespace TokMesh.Redis;

/// <summary>How an application that has a TokMesh node in its silo opens the Redis door.</summary>
public static class RedisServices
{
    /// <summary>
    /// Registers what the door stands on; <c>AddTokMesh</c> of the silo brings the node. <see cref="HeldBytes"/> and a
    /// <see cref="ConnectionLimit"/> named <see cref="RedisDoor.Listener"/> that are registered are kept.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every problem.</exception>
    public static IServiceCollection AddTokMeshRedis(this IServiceCollection services, RedisDoorOptions? options = null)
    {
        options ??= new RedisDoorOptions();
        if (options.Validate() is { Count: > 0 } problems) throw new ArgumentException(string.Join(" ", problems), nameof(options));
        services.AddSingleton(s =>
        {
            var running = s.GetRequiredService<LocalNode>().Required;
            var node = running.Node;
            return new RedisDoor(options, running.Store, running.Sessions, s.GetRequiredService<Authenticator>(), () => node.Time.WallMs)
            {
                Connections = s.GetServices<ConnectionLimit>().FirstOrDefault(static l => l.Name == RedisDoor.Listener) ?? RedisDoor.AnyNumber(),
                Held = s.GetService<HeldBytes>() ?? HeldBytes.Unlimited,
                IsReady = () => node.Meta is not null,
            };
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
            new RedisConnectionHandler(services.GetRequiredService<RedisDoor>(), services.GetRequiredService<ILogger<RedisConnectionHandler>>()), LazyThreadSafetyMode.PublicationOnly);
        return connections.Run(connection => handler.Value.OnConnectedAsync(connection));
    }
}
