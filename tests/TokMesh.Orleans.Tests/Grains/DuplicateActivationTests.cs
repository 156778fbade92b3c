using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.GrainDirectory;
using TokMesh.Client.Orleans;

namespace TokMesh.Orleans.Tests.Grains;

/// <summary>The grain directory forgets where a grain is: Orleans then makes a second activation, which says the same, since none holds anything.</summary>
public sealed class DuplicateActivationTests(ThreeSilos silos) : IClassFixture<ThreeSilos>
{
    [Fact]
    public async Task A_grain_whose_entry_was_removed_is_activated_on_another_silo_too_and_says_the_same()
    {
        // Not pinned: each silo that is asked makes its own once the directory has forgotten the other.
        var version = 0UL;
        for (var round = 0; round < 3; round++)
        {
            foreach (var silo in silos.Cluster.Silos)
            {
                var map = silo.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<IShardMapGrain>(0);
                var seen = await map.Get();
                Assert.Equal(version, seen.Version == 0 ? 0 : seen.Version);
                version = await map.PlanMove(0, [1], seen.Version);
                version = await map.CancelMove(0, version);
                await ForgetAsync(map.GetGrainId());
            }
        }
    }

    /// <summary>Removes the grain's entry from the directory, which nothing public does.</summary>
    private async Task<bool> ForgetAsync(GrainId grain)
    {
        if (!silos.Cluster.TryGetGrainContext(grain, out var context)) return false;
        var services = silos.Cluster.Silos[0].ServiceProvider;
        var locator = services.GetRequiredService(typeof(GrainAddress).Assembly.GetType("Orleans.Runtime.GrainDirectory.GrainLocator")
            ?? AppDomain.CurrentDomain.GetAssemblies().First(a => a.GetName().Name == "Orleans.Runtime").GetType("Orleans.Runtime.GrainDirectory.GrainLocator", throwOnError: true)!);
        var unregister = locator.GetType().GetMethod("Unregister", BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)!;
        await (Task)unregister.Invoke(locator, [context.Address, UnregistrationCause.Force])!;
        return true;
    }
}
