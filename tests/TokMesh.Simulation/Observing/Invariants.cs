using System.Runtime.InteropServices;
using TokMesh.Raft.Log;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Observing;

/// <summary>What must hold between the replicas of a group at every moment, checked while a run goes on.</summary>
internal sealed class Invariants
{
    private readonly Dictionary<(uint Group, Term Term), MemberId> _leaders = [];
    private readonly Dictionary<uint, List<ulong>> _applied = [];

    public int Elections => _leaders.Count;

    public long Applications { get; private set; }

    public void Leads(uint group, Term term, MemberId node)
    {
        ref var leader = ref CollectionsMarshal.GetValueRefOrAddDefault(_leaders, (group, term), out var known);
        if (known && leader != node) throw new SimulationFailure($"Nodes {leader} and {node} both lead group {group} in term {term}.") { Group = group };
        leader = node;
    }

    /// <summary>Every replica applies the same entries at the same places (state machine safety, Raft paper, figure 3).</summary>
    public void Applied(uint group, MemberId node, in Entry entry)
    {
        Applications++;
        var hash = HashOf(entry);
        if (!_applied.TryGetValue(group, out var hashes)) _applied[group] = hashes = [];
        var position = (int)(entry.Index.Value - 1);
        while (hashes.Count <= position) hashes.Add(0);
        if (hashes[position] == 0) hashes[position] = hash;
        else if (hashes[position] != hash)
            throw new SimulationFailure($"Node {node} applied another entry {entry.Index} of group {group} than somebody before it.") { Group = group };
    }

    /// <summary>Names an entry's content.</summary>
    public static ulong HashOf(in Entry entry) => Hash.Mix(Hash.Of(entry.Payload.Span) ^ (ulong)entry.Type << 56, entry.Term.Value) | 1;
}
