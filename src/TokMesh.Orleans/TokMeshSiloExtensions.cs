using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using TokMesh.Cluster;
using TokMesh.Orleans.Links;
using TokMesh.Orleans.Placement;

namespace TokMesh.Orleans;

/// <summary>How a silo gets a TokMesh node.</summary>
public static class TokMeshSiloExtensions
{
    /// <summary>
    /// Makes the silo carry a TokMesh node. The silo's name becomes the node's id. A grain storage named as
    /// <see cref="TokMeshSiloOptions.BootstrapStorage"/> says must be registered: durable and shared by all silos, it decides once how the
    /// cluster began. An <see cref="INodeWatch"/> or a <see cref="NodeDirectory"/> that is registered already is used.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range; one line for each.</exception>
    public static ISiloBuilder AddTokMesh(this ISiloBuilder silo, Action<TokMeshSiloOptions> configure)
    {
        var options = new TokMeshSiloOptions();
        configure(options);
        var problems = options.Problems();
        if (problems.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(configure));

        var services = silo.Services;
        services.AddSingleton(options);
        services.AddSingleton(options.Limits);
        services.TryAddSingleton<IClock, SystemClock>();
        services.TryAddSingleton<INodeWatch, SiloWatch>();
        services.TryAddSingleton(s => NodeDirectory.Open(options.DataDirectory, options.NodeId, s.GetRequiredService<IClock>()));
        // Whatever else names silos: links, placement and membership go by this name.
        services.AddOptions<SiloOptions>().PostConfigure<NodeDirectory>(static (o, directory) => o.SiloName = directory.Identity.NodeId);
        services.AddSingleton(static s =>
        {
            var endpoint = s.GetRequiredService<ILocalSiloDetails>().SiloAddress.Endpoint;
            return new OwnAddress($"{endpoint.Address}:{endpoint.Port}");
        });
        services.TryAddSingleton<NodeAccess>();
        services.AddSingleton<Silos>();
        services.AddSingleton<LinkServiceClient>();
        services.AddSingleton<OrleansEngine>();
        services.AddSingleton<IEngine>(static s => s.GetRequiredService<OrleansEngine>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, SiloNode>();
        services.AddGrainService<LinkService>();
        services.AddPlacementDirector<NodePlacement, NodePlacementDirector>();
        return silo;
    }
}
