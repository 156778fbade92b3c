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
    private readonly Inbox<Job> _inbox = new();
    private readonly Dictionary<uint, ulong> _written = [];

    public Action Wake { set => _inbox.Wake = value; }

    public long Written { get; private set; }

    /// <summary>The snapshot a group started from: what is older can go when the next one is written.</summary>
    public void Recovered(uint group, ulong index) => _written[group] = index;

    /// <summary>Writes a snapshot of a replica's own state, then tells its lane.</summary>
    public void Take(Lane lane, Replica replica, SnapshotMeta meta, ReadOnlyMemory<byte> data) => _inbox.Add(new Job(lane, replica, meta, data, false));

    /// <summary>Writes a snapshot received from a leader, then tells its lane.</summary>
    public void Store(Lane lane, Replica replica, SnapshotMeta meta, ReadOnlyMemory<byte> data) => _inbox.Add(new Job(lane, replica, meta, data, true));

    public bool Turn()
    {
        foreach (var job in _inbox.Take())
        {
            store.Write(job.Replica.Group, job.Meta.Index.Value, job.Meta.Term.Value, job.Meta.Configuration.Encode(), job.Data.Span);
            Written++;
            // The log's mark for the new one is not durable yet, so the one before it stays; anything older is no longer needed.
            if (_written.TryGetValue(job.Replica.Group, out var previous)) store.DeleteOlderThan(job.Replica.Group, previous);
            _written[job.Replica.Group] = job.Meta.Index.Value;
            job.Lane.Post(job.Received
                ? new LaneItem.SnapshotStored(job.Replica, job.Meta, job.Data)
                : new LaneItem.SnapshotTaken(job.Replica, job.Meta.Index.Value, job.Meta.Term.Value));
        }
        return !_inbox.IsEmpty;
    }

    private sealed record Job(Lane Lane, Replica Replica, SnapshotMeta Meta, ReadOnlyMemory<byte> Data, bool Received);
}
