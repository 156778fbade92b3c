using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace TokMesh.Client;

/// <summary>Registers the client.</summary>
public static class TokMeshClientServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="ITokMeshClient"/> over HTTP. Options that cannot work stop the host at its start, with every problem named.
    /// </summary>
    public static IServiceCollection AddTokMeshClient(this IServiceCollection services, Action<TokMeshClientOptions> configure)
    {
        services.AddOptions<TokMeshClientOptions>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TokMeshClientOptions>, TokMeshClientOptionsValidator>());
        services.TryAddSingleton<ITokMeshClient>(static provider => new HttpTokMeshClient(
            provider.GetRequiredService<IOptions<TokMeshClientOptions>>().Value, provider.GetService<TimeProvider>()));
        return services;
    }
}
