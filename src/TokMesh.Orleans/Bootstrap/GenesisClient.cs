using Orleans.Runtime;
using TokMesh.Cluster;

namespace TokMesh.Orleans.Bootstrap;

/// <summary>How a node finds its cluster: asks the genesis grain, again and again until it has begun.</summary>
internal sealed class GenesisClient(IGrainFactory grains, Candidate self, TokMeshSiloOptions options, OrleansLog log)
{
    private const int PauseMs = 200;
    private const int AnswerSeconds = 30;

    /// <summary>A node that knows its cluster asks in order to be told of a mistake; it does not depend on the answer.</summary>
    private const int AnswerSecondsWhenKnown = 5;

    /// <summary>How the cluster began.</summary>
    /// <exception cref="InvalidOperationException">The cluster refuses this node for good.</exception>
    /// <exception cref="TimeoutException">The cluster did not begin in time.</exception>
    public async Task<Genesis> FindAsync(Genesis? known, Func<Genesis, Task> store, CancellationToken cancel)
    {
        var until = DateTime.UtcNow + options.DiscoveryTimeout;
        var hello = new Hello
        {
            MinVersion = Admission.MinVersion,
            MaxVersion = Admission.MaxVersion,
            Self = self,
            ClusterId = known?.ClusterId,
            Genesis = known,
        }.ToJson();
        var said = -1;
        string? problem = null;
        while (true)
        {
            try
            {
                var answer = await grains.GetGrain<IGenesisGrain>(0).Find(hello).WaitAsync(TimeSpan.FromSeconds(known is null ? AnswerSeconds : AnswerSecondsWhenKnown), cancel);
                if (answer.Refusal is not null) throw new InvalidOperationException($"{answer.RefusalCode}: {answer.Refusal}");
                if (answer.Genesis is not null) return await JoinAsync(Genesis.FromJson(answer.Genesis), known, store);
                if (said != answer.Found) log.Looking(said = answer.Found, options.ExpectNodes);
            }
            catch (Exception e) when (e is not InvalidOperationException && !cancel.IsCancellationRequested)
            {
                // The storage is away, or the silo that carries the grain. A node that has been in it knows what it must: its cluster goes on without.
                if (known is not null) return known;
                if (problem != e.Message) log.BootstrapTrouble(problem = e.Message);
            }
            if (DateTime.UtcNow > until)
                throw new TimeoutException($"The cluster did not begin within {options.DiscoveryTimeout}: {Math.Max(said, 0)} of {options.ExpectNodes} nodes found{(problem is null ? "" : "; " + problem)}. Check the number expected, and that the other silos run with the same cluster id and storage.");
            await Task.Delay(PauseMs, cancel);
        }
    }

    private async Task<Genesis> JoinAsync(Genesis genesis, Genesis? known, Func<Genesis, Task> store)
    {
        if (known is null) await store(genesis);
        log.Joined(genesis.ClusterId);
        return genesis;
    }
}
