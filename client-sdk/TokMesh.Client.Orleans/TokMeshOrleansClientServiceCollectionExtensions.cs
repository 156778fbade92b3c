using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace TokMesh.Client.Orleans;

/// <summary>Registers the client.</summary>
public static class TokMeshOrleansClientServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="ITokMeshClient"/> over Orleans: to a process that has an Orleans client (<c>UseOrleansClient</c>), or to a silo,
    /// for the code inside it.
    /// </summary>
    public static IServiceCollection AddTokMeshOrleansClient(this IServiceCollection services, Action<TokMeshOrleansClientOptions>? configure = null)
    {
        var options = services.AddOptions<TokMeshOrleansClientOptions>()
            .Validate(static o => o.Deadline > TimeSpan.Zero && o.AttemptTimeout > TimeSpan.Zero, "TokMesh client: Deadline and AttemptTimeout must be above zero.")
            .ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        services.TryAddSingleton<ITokMeshClient>(static provider => new OrleansTokMeshClient(
            provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<IOptions<TokMeshOrleansClientOptions>>().Value, provider.GetService<TimeProvider>()));
        return services;
    }
}
