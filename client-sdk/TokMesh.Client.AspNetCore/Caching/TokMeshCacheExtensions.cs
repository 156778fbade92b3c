using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace TokMesh.Client.AspNetCore;

/// <summary>Registers the distributed cache.</summary>
public static class TokMeshCacheExtensions
{
    /// <summary>Adds <see cref="IDistributedCache"/> in TokMesh. Needs an <see cref="ITokMeshClient"/>.</summary>
    public static IServiceCollection AddTokMeshDistributedCache(this IServiceCollection services, Action<TokMeshDistributedCacheOptions>? configure = null)
    {
        var options = services.AddOptions<TokMeshDistributedCacheOptions>();
        if (configure is not null) options.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IDistributedCache, TokMeshDistributedCache>();
        return services;
    }
}
