using System.Net;
using TokMesh.Cluster;
using TokMesh.Host.Configuration;
using TokMesh.Peer;

namespace TokMesh.Host;

/// <summary>The HTTP and Redis doors of a node, on one Kestrel.</summary>
internal static class Doors
{
    public static WebApplicationBuilder NewBuilder(ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton(loggers);
        return builder;
    }

    public static IPEndPoint EndPoint(string address)
    {
        var colon = address.LastIndexOf(':');
        var host = address[..colon].Trim('[', ']');
        var port = int.Parse(address.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture);
        return new IPEndPoint(host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out var ip) ? ip : Dns.GetHostAddresses(host)[0], port);
    }

    public static async Task<WebApplication> OpenAsync(HostSettings settings, Node node, PeerEngine engine, IClock clock, ILoggerFactory loggers, CancellationToken cancel)
    {
        var builder = NewBuilder(loggers);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(EndPoint(settings.HttpAddress)));
        var app = builder.Build();
        _ = (node, engine, clock);
        await app.StartAsync(cancel);
        return app;
    }
}
