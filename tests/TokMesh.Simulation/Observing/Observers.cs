using TokMesh.Cluster;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Observing;

/// <summary>Everything that watches the replicas of a world.</summary>
internal sealed class Observers(Trace? trace)
{
    private readonly Dictionary<(uint Node, uint Group), DurableLog> _durable = [];
    private readonly Dictionary<Replica, ReplicaObserver> _replicas = [];

    public Trace? Trace { get; } = trace;

    public Invariants Invariants { get; } = new();

    public int SnapshotInstalls { get; set; }

    public int Kills { get; private set; }

    public int PowerCuts { get; private set; }

    public int DiskFailures { get; private set; }

    public ReplicaTrace Of(VirtualNode node) => new(
        replica => Observe(node, replica),
        (Replica replica, in TokMesh.Raft.Message message, IReadOnlyList<TokMesh.Raft.Entry> entries, ReadOnlySpan<byte> data) =>
            _replicas[replica].Received(message, entries, data.Length),
        (replica, seq) => _replicas[replica].PersistedTo(seq),
        replica => _replicas[replica].Stepped());

    public void Started(VirtualNode node)
    {
        Trace?.Started(node);
        foreach (var lane in node.Node!.Lanes)
            foreach (var replica in lane.Replicas) _replicas[replica].Recovered();
        foreach (var (key, durable) in _durable)
        {
            if (key.Node == node.Id.Value && durable.Last > 0 && node.Node.Lanes.All(l => l.ReplicaOf(key.Group) is null))
                throw new SimulationFailure($"Node {node.Id} came back without group {key.Group}.") { Group = key.Group };
        }
    }

    public void Ended(VirtualNode node, Death death)
    {
        foreach (var replica in _replicas.Keys)
            if (replica.Raft.Self == node.Id) _replicas.Remove(replica);
        if (death == Death.Killed) Kills++;
        else if (death == Death.PowerCut) PowerCuts++;
        else DiskFailures++;
        Trace?.Ended(node, death);
    }

    private ReplicaObserver Observe(VirtualNode node, Replica replica)
    {
        var key = (node.Id.Value, replica.Group);
        if (!_durable.TryGetValue(key, out var durable)) _durable[key] = durable = new DurableLog();
        return _replicas[replica] = new ReplicaObserver(this, node, replica, durable);
    }
}
