using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Providers;
using Orleans.Runtime.Hosting;
using Orleans.Serialization.Serializers;
using Orleans.Storage;
using TokMesh.Orleans.Nodes;

namespace TokMesh.Orleans.Storage;

/// <summary>Registers grain storage in TokMesh, on silos that have a TokMesh node.</summary>
public static class TokMeshGrainStorageExtensions
{
    /// <summary>Keeps the state of grains that name no provider in TokMesh.</summary>
    public static ISiloBuilder AddTokMeshGrainStorageAsDefault(this ISiloBuilder builder, Action<TokMeshGrainStorageOptions>? configure = null) =>
        builder.AddTokMeshGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configure);

    /// <summary>Adds a provider that keeps grain state in TokMesh.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">As grains name it. Part of the keys: renaming it loses sight of what is stored.</param>
    /// <param name="configure">Its options.</param>
    public static ISiloBuilder AddTokMeshGrainStorage(this ISiloBuilder builder, string name, Action<TokMeshGrainStorageOptions>? configure = null)
    {
        builder.Services.AddTokMeshGrainStorage(name, configure);
        return builder;
    }

    /// <summary>Adds a provider that keeps grain state in TokMesh.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="name">As grains name it. Part of the keys: renaming it loses sight of what is stored.</param>
    /// <param name="configure">Its options.</param>
    public static IServiceCollection AddTokMeshGrainStorage(this IServiceCollection services, string name, Action<TokMeshGrainStorageOptions>? configure = null)
    {
        var options = services.AddOptions<TokMeshGrainStorageOptions>(name);
        if (configure is not null) options.Configure(configure);
        services.AddTransient<IConfigurationValidator>(provider => new Validator(provider.GetRequiredService<IOptionsMonitor<TokMeshGrainStorageOptions>>().Get(name), name));
        services.AddTransient<IPostConfigureOptions<TokMeshGrainStorageOptions>, DefaultStorageProviderSerializerOptionsConfigurator<TokMeshGrainStorageOptions>>();
        services.ConfigureNamedOptionForLogging<TokMeshGrainStorageOptions>(name);
        services.TryAddSingleton<NodeAccess>();
        return services.AddGrainStorage(name, Create);
    }

    private static TokMeshGrainStorage Create(IServiceProvider provider, string name) => new(
        name,
        provider.GetRequiredService<IOptions<ClusterOptions>>().Value.ServiceId,
        provider.GetRequiredService<IOptionsMonitor<TokMeshGrainStorageOptions>>().Get(name),
        provider.GetRequiredService<NodeAccess>(),
        provider.GetRequiredService<IActivatorProvider>(),
        provider.GetService<TimeProvider>() ?? TimeProvider.System,
        provider.GetRequiredService<ILogger<TokMeshGrainStorage>>());

    private sealed class Validator(TokMeshGrainStorageOptions options, string name) : IConfigurationValidator
    {
        public void ValidateConfiguration()
        {
            var problems = options.Problems();
            if (problems.Count > 0) throw new OrleansConfigurationException($"TokMesh grain storage '{name}': {string.Join(' ', problems)}");
        }
    }
}
