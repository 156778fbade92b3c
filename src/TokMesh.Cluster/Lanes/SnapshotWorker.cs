using TokMesh.Cluster.Replicas;
using TokMesh.Log.Snapshots;
using TokMesh.Raft.Snapshots;

namespace TokMesh.Cluster.Lanes;

/// <summary>
/// Writes snapshot files beside the lanes, so that no group waits for another's. A plain object; a thread or a simulation calls
/// <see cref="Turn"/>.
/// </summary>
internal sealed class SnapshotWorker(SnapshotStore store)
{
    private readonly Inbox<Action> _inbox = new();
    private readonly Dictionary<uint, ulong> _written = [];

    public Action Wake { set => _inbox.Wake = value; }

    public long Written { get; private set; }

    /// <summary>The snapshot a group started from: what is older can go when the next one is written.</summary>
    public void Recovered(uint group, ulong index) => _written[group] = index;

    /// <summary>Writes a snapshot of a replica's own state, then tells its lane.</summary>
    public void Take(Lane lane, Replica replica, SnapshotMeta meta, ReadOnlyMemory<byte> data) => _inbox.Add(() =>
    {
        Write(replica.Group, meta, data);
        lane.Post(new LaneItem.SnapshotTaken(replica, meta.Index.Value, meta.Term.Value));
    });

    /// <summary>Writes a snapshot received from a leader, then tells its lane.</summary>
    public void Store(Lane lane, Replica replica, SnapshotMeta meta, ReadOnlyMemory<byte> data) => _inbox.Add(() =>
    {
        Write(replica.Group, meta, data);
        lane.Post(new LaneItem.SnapshotStored(replica, meta, data));
    });

    /// <summary>Deletes all snapshots of a group that was removed, also those that are yet to be written, then tells its lane.</summary>
    public void Delete(Lane lane, uint group) => _inbox.Add(() =>
    {
        store.DeleteOlderThan(group, ulong.MaxValue);
        _written.Remove(group);
        lane.Post(new LaneItem.SnapshotsDeleted(group));
    });

    public bool Turn()
    {
        foreach (var job in _inbox.Take()) job();
        return !_inbox.IsEmpty;
    }

    private void Write(uint group, SnapshotMeta meta, ReadOnlyMemory<byte> data)
    {
        store.Write(group, meta.Index.Value, meta.Term.Value, meta.Configuration.Encode(), data.Span);
        Written++;
        // The log's mark for the new one is not durable yet, so the one before it stays; anything older is no longer needed.
        if (_written.TryGetValue(group, out var previous)) store.DeleteOlderThan(group, previous);
        _written[group] = meta.Index.Value;
    }
}
