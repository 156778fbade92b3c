using Orleans.Core;
using Orleans.Runtime;
using Orleans.Storage;
using TokMesh.Cluster;
using TokMesh.Orleans.Placement;

namespace TokMesh.Orleans.Bootstrap;

/// <inheritdoc cref="IGenesisGrain"/>
internal sealed class GenesisGrain : Grain, IGenesisGrain, IIncomingGrainCallFilter
{
    private const int Tries = 5;

    private readonly IStorage<GenesisRecord> _stored;
    private readonly Founding _founding;

    public GenesisGrain(IPersistentStateFactory states, IGrainContext context, TokMeshSiloOptions options, Silos silos, IClock clock)
    {
        // The storage's name is an option, which an attribute could not say.
        _stored = states.Create<GenesisRecord>(context, new PersistentStateAttribute("genesis", options.BootstrapStorage));
        _founding = new Founding(options, id => silos.AddressOf(id) is not null, () => clock.WallMs);
    }

    public Task Invoke(IIncomingGrainCallContext context) => SilosOnly.InvokeAsync(context, nameof(Find));

    public async Task<GenesisAnswer> Find(byte[] hello)
    {
        var asked = Hello.FromJson(hello);
        for (var attempt = 1; ; attempt++)
        {
            var before = _stored.State;
            var after = new GenesisRecord { Genesis = before.Genesis };
            var answer = _founding.Answer(after, asked, out var changed);
            if (!changed) return answer;
            try
            {
                _stored.State = after;
                await _stored.WriteStateAsync();
                return answer;
            }
            catch (InconsistentStateException) when (attempt < Tries)
            {
                // Another activation has decided: what it stored counts.
                await _stored.ReadStateAsync();
            }
            catch
            {
                // What was not stored was not decided. Should it have been stored after all, the next write finds another version.
                _stored.State = before;
                throw;
            }
        }
    }
}
