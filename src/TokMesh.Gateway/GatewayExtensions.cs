using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using TokMesh.Gateway.FrontEnd;

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
}
