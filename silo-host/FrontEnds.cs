using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Orleans.Dashboard;
using TokMesh.Cluster.Limits;
using TokMesh.Gateway;
using TokMesh.Host.Configuration;
using TokMesh.Redis;
using TokMesh.Redis.FrontEnd;

namespace TokMesh.Host;

/// <summary>The HTTP and Redis front ends of a node and the dashboard, on one Kestrel.</summary>
internal static class FrontEnds
{
    /// <summary>Most bytes a connection's input waits in before it is taken: what is beyond stays with the client.</summary>
    private const int MaxWaitingInput = 256 * 1024;

    public static IPEndPoint EndPoint(string address)
    {
        var colon = address.LastIndexOf(':');
        var host = address[..colon].Trim('[', ']');
        var port = int.Parse(address.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture);
        return new IPEndPoint(host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out var ip) ? ip : Dns.GetHostAddresses(host)[0], port);
    }

    /// <summary>Registers the front ends, what they share, and the listeners they are behind.</summary>
    public static void Add(WebApplicationBuilder builder, HostSettings settings)
    {
        var services = builder.Services;
        var gateway = settings.GatewayOptions();
        builder.UseTokMeshDefaults(gateway);
        services.AddTokMeshGateway(gateway);
        services.AddSingleton(new HeldBytes(settings.MaxHeldBytes ?? Math.Max(64L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4)));
        var http = new ConnectionLimit("http", settings.HttpLimits.Most!.Value, settings.HttpLimits.MostPerAddress!.Value, HttpPlaces.Reserved);
        services.AddSingleton(http);
        if (settings.RedisEnabled)
        {
            services.AddSingleton(new ConnectionLimit(RedisFrontEnd.Listener, settings.RedisLimits.Most!.Value, settings.RedisLimits.MostPerAddress!.Value));
            services.AddTokMeshRedis(settings.RedisOptions());
        }
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            var places = ActivatorUtilities.CreateInstance<HttpPlaces>(kestrel.ApplicationServices, http);
            kestrel.Listen(EndPoint(settings.HttpAddress), listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                places.Use(listen);
            });
            if (settings.RedisEnabled) kestrel.Listen(EndPoint(settings.RedisAddress), static listen => listen.UseTokMeshRedis());
        });
        AddTransport(services);
    }

    /// <summary>Maps what the HTTP front end serves.</summary>
    public static void Map(WebApplication app)
    {
        app.UseRouting();
        // What computes for a while (a page, a survey of all shards) must not do so on a socket's thread.
        app.UseTokMeshThreads();
        // The framework would else put these before the lines above. Every endpoint names its scheme, so that there is nothing to be done for a default one.
        ((IApplicationBuilder)app).Properties["__AuthenticationMiddlewareSet"] = true;
        app.UseAuthorization();
        app.MapTokMesh();
        app.MapTokMeshFallback();
        app.MapOrleansDashboard("/dashboard").RequireTokMeshAdmin();
    }

    /// <summary>How every listener of this server accepts connections and reads from them.</summary>
    private static void AddTransport(IServiceCollection services)
    {
        // Waiting for data without a buffer costs a system call more per read; many idle connections are not what is served here.
        services.Configure<SocketTransportOptions>(static sockets =>
        {
            sockets.WaitForDataBeforeAllocatingBuffer = false;
            // Nothing that is run so takes long or waits: see InlineSockets.
            sockets.UnsafePreferInlineScheduling = true;
            sockets.MaxReadBufferSize = MaxWaitingInput;
        });
        services.AddSingleton(static s => new AcceptTrouble(s.GetRequiredService<NodeLog>(), Descriptors.Limit()));
        // The last one that is registered is Kestrel's.
        services.AddSingleton<IConnectionListenerFactory, PatientTransport>();
    }
}
