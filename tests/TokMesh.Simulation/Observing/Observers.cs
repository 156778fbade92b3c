using TokMesh.Cluster.Replicas;
using TokMesh.Raft.Log;
using TokMesh.Raft.Wire;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Observing;

/// <summary>Everything that watches the replicas of a world.</summary>
internal sealed class Observers(Trace? trace)
{
    private readonly Dictionary<(VirtualNode Node, uint Group), DurableLog> _durable = [];
    private readonly Dictionary<Replica, ReplicaObserver> _replicas = [];

    public Trace? Trace { get; } = trace;

    public Invariants Invariants { get; } = new();

    public int SnapshotInstalls { get; set; }

    /// <summary>Replicas deleted.</summary>
    public int Removals { get; private set; }

    public int Kills { get; private set; }

    public int PowerCuts { get; private set; }

    public int DiskFailures { get; private set; }

    /// <summary>Nodes that stopped because of their past.</summary>
    public int Refused { get; private set; }

    public ReplicaTrace Of(VirtualNode node) => new(
        replica => Observe(node, replica),
        (Replica replica, in Message message, IReadOnlyList<Entry> entries, ReadOnlySpan<byte> data) =>
            _replicas[replica].Received(message, entries, data.Length),
        (replica, seq) => _replicas[replica].PersistedTo(seq),
        replica => _replicas[replica].Stepped(),
        replica => Removed(node, replica));

    public void Started(VirtualNode node)
    {
        if (!node.IsCopy) Trace?.Started(node);
        foreach (var lane in node.Node!.Lanes)
            foreach (var replica in lane.Replicas) _replicas[replica].Recovered();
        foreach (var (key, durable) in _durable)
        {
            if (key.Node == node && durable.Last > 0 && node.Node.Lanes.All(l => l.ReplicaOf(key.Group) is null))
                throw new SimulationFailure($"Node {node.Id} came back without group {key.Group}.") { Group = key.Group };
        }
    }

    /// <summary>Another disk was put in the place of a node's: what it holds is not what was seen to be written.</summary>
    public void Forget(VirtualNode node)
    {
        foreach (var key in _durable.Keys)
            if (key.Node == node) _durable.Remove(key);
        Trace?.Replaced(node);
    }

    public void Ended(VirtualNode node, Death death)
    {
        foreach (var replica in _replicas.Keys)
            if (_replicas[replica].Node == node) _replicas.Remove(replica);
        if (death == Death.Killed) Kills++;
        else if (death == Death.PowerCut) PowerCuts++;
        else if (death == Death.DiskFailed) DiskFailures++;
        else Refused++;
        if (!node.IsCopy) Trace?.Ended(node, death);
    }

    /// <summary>
    /// A group found that a disk has lost something. That is wrong where no disk forgot; where one did, the node should not have been let
    /// in to begin with.
    /// </summary>
    public void Accused(VirtualNode by, uint group, MemberId whom, LogViolation violation) =>
        throw new SimulationFailure($"Group {group} at node {by.Id} found node {whom} to have lost something ({violation}), which should never have come so far.");

    /// <summary>A replica was deleted: what was on its disk need not be there any more.</summary>
    private void Removed(VirtualNode node, Replica replica)
    {
        Removals++;
        _replicas[replica].Removed();
        _replicas.Remove(replica);
        _durable.Remove((node, replica.Group));
    }

    private ReplicaObserver Observe(VirtualNode node, Replica replica)
    {
        var key = (node, replica.Group);
        if (!_durable.TryGetValue(key, out var durable)) _durable[key] = durable = new DurableLog();
        return _replicas[replica] = new ReplicaObserver(this, node, replica, durable);
    }
}
