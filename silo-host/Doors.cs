using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using TokMesh.Cluster;
using TokMesh.Gateway;
using TokMesh.Host.Configuration;
using TokMesh.Redis;

namespace TokMesh.Host;

/// <summary>The HTTP and Redis doors of a node, on one Kestrel.</summary>
internal static class Doors
{
    /// <summary>Most bytes a connection's input waits in before it is taken: what is beyond stays with the client.</summary>
    private const int MaxWaitingInput = 256 * 1024;

    /// <summary>How every listener of this server accepts connections and reads from them.</summary>
    public static void AddTransport(IServiceCollection services, ILoggerFactory loggers)
    {
        // Waiting for data without a buffer costs a system call more per read; many idle connections are not what is served here.
        services.Configure<SocketTransportOptions>(static sockets =>
        {
            sockets.WaitForDataBeforeAllocatingBuffer = false;
            // Nothing that is run so takes long or waits: see InlineSockets.
            sockets.UnsafePreferInlineScheduling = true;
            sockets.MaxReadBufferSize = MaxWaitingInput;
        });
        services.AddSingleton(new AcceptTrouble(new NodeLog(loggers.CreateLogger("tokmesh.node"))));
    }

    public static IPEndPoint EndPoint(string address)
    {
        var colon = address.LastIndexOf(':');
        var host = address[..colon].Trim('[', ']');
        var port = int.Parse(address.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture);
        return new IPEndPoint(host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out var ip) ? ip : Dns.GetHostAddresses(host)[0], port);
    }

    public static async Task<WebApplication> OpenAsync(HostSettings settings, SiloHost silo, NodeMeter meter, ILoggerFactory loggers, Func<bool> isStopping, CancellationToken cancel)
    {
        var (node, store, sessions) = silo.Running;
        // What a wrong clock shows must not decide which API key or request is too old.
        var authenticator = new Authenticator(() => node.Meta, () => node.Time.WallMs, settings.AuthCacheCapacity, (int)settings.AuthCacheTtlMs);
        var gateway = settings.GatewayOptions();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions()).UseTokMeshDefaults(gateway);
        builder.WebHost.UseKestrelCore();
        AddTransport(builder.Services, loggers);
        // The last one that is registered is Kestrel's.
        builder.Services.AddSingleton<IConnectionListenerFactory, PatientTransport>();
        builder.Services.AddSingleton(loggers);
        builder.Services.AddRoutingCore();
        var held = new HeldBytes(settings.MaxHeldBytes ?? Math.Max(64L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4));
        var http = new ConnectionLimit("http", settings.HttpLimits.Most!.Value, settings.HttpLimits.MostPerAddress!.Value, HttpPlaces.Reserved);
        var redis = settings.RedisEnabled ? new ConnectionLimit("redis", settings.RedisLimits.Most!.Value, settings.RedisLimits.MostPerAddress!.Value) : null;
        var places = new HttpPlaces(http, node.Time, new NodeLog(loggers.CreateLogger("tokmesh.node")));
        if (redis is not null)
            builder.Services.AddSingleton(new RedisDoor(settings.RedisOptions(), store, sessions, authenticator, () => node.Time.WallMs) { Connections = redis, Held = held, IsReady = () => node.Meta is not null });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(EndPoint(settings.HttpAddress), listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                places.Use(listen);
            });
            if (redis is not null) kestrel.Listen(EndPoint(settings.RedisAddress), static listen => listen.UseConnectionHandler<RedisConnectionHandler>());
        });
        var app = builder.Build();
        // Requests may compute for a while (a secret is checked, a body parsed), which the socket threads must not.
        app.Use(static async (http, next) =>
        {
            await Task.Yield();
            await next(http);
        });
        app.UseRouting();
        app.MapTokMesh(new GatewayDoor
        {
            Node = node,
            Store = store,
            Sessions = sessions,
            Authenticator = authenticator,
            Membership = silo.Membership,
            Clock = node.Time,
            FillRandom = RandomNumberGenerator.Fill,
            Log = loggers.CreateLogger("tokmesh.gateway"),
            Meter = meter,
            Options = gateway,
            IsStopping = isStopping,
            Held = held,
            Connections = [http, .. redis is null ? Array.Empty<ConnectionLimit>() : [redis], .. silo.Connections],
            AdminPages = (DashboardPages.Path, silo.Dashboard),
        });
        await app.StartAsync(cancel);
        return app;
    }
}
