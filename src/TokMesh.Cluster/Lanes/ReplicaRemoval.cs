using TokMesh.Cluster.Meta;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Outputs;

namespace TokMesh.Cluster.Lanes;

/// <summary>
/// Deletes the replicas that their groups have left out, when the map says so, and tells meta when they are gone. Until meta knows, the node is
/// given none of that group again (<see cref="MapChange.Plan"/>): so nobody counts on what is being deleted.
/// </summary>
internal sealed class ReplicaRemoval(Lane lane)
{
    private const int IntervalMs = 100;

    private readonly Dictionary<uint, Tombstone> _tombstones = [];
    private readonly HashSet<uint> _deleting = [];
    private readonly HashSet<uint> _telling = [];
    private ClusterMap? _done;
    private long _next;

    /// <summary>What was kept of a group when this node was removed from it; nothing if it never was.</summary>
    public Tombstone Of(uint group) => _tombstones.GetValueOrDefault(group);

    /// <summary>A restart found this.</summary>
    public void Recovered(uint group, Tombstone tombstone) => _tombstones[group] = tombstone;

    /// <summary>
    /// Whether a leader that counts this node among a group's members may have it begin with an empty replica. Not one of a membership that
    /// is gone by, after the replica was deleted: then the map must say it too.
    /// </summary>
    public bool MayOpen(uint group) => !_deleting.Contains(group) && (!_tombstones.ContainsKey(group) || lane.Map.Wants(group, lane.Self));

    public void Tick()
    {
        if (lane.NowMs < _next) return;
        _next = lane.NowMs + IntervalMs;
        var map = lane.Map;
        if (ReferenceEquals(map, _done)) return;
        var isDone = true;
        for (uint group = 1; group < map.Groups.Count; group++)
        {
            if (map.Groups[(int)group].Removed is not { } removed || lane.Node.LaneOf(group) != lane.Number) continue;
            foreach (var one in removed)
            {
                if (one.Number != lane.Self.Value) continue;
                isDone = false;
                if (_deleting.Contains(group)) continue;
                // A map from before may show a removal that was followed long ago, when the node has the group again.
                if (_tombstones.TryGetValue(group, out var tombstone) && tombstone.Index.Value >= one.Version) Tell(group, one);
                else TryDelete(group, one);
            }
        }
        if (isDone) _done = map;
    }

    /// <summary>The removal and the end of the snapshots are on disk.</summary>
    public void Deleted(uint group) => _deleting.Remove(group);

    private void TryDelete(uint group, RemovedReplica removed)
    {
        var raft = lane.ReplicaOf(group)?.Raft;
        // What it has yet to say, it says first: calls that wait for it are refused, and a leader of a membership that is gone by steps down.
        if (raft is not null && (raft.Role == Role.Leader || raft.HasWork)) return;
        var term = new Term(Math.Max(raft?.Term.Value ?? 0, removed.Term)).Next;
        _tombstones[group] = new Tombstone(term, new LogIndex(removed.Version), new Term(removed.Term));
        _deleting.Add(group);
        lane.Remove(group, _tombstones[group]);
    }

    private void Tell(uint group, RemovedReplica removed)
    {
        if (!_telling.Add(group)) return;
        lane.ChangeMap(new MapChange { Deleted = new DeletedReplica(group, removed.Number, removed.Version) }, () => _telling.Remove(group));
    }
}
