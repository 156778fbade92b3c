using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Starts;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Transfer;

namespace TokMesh.Cluster.Lanes;

// The replicas of a lane: how they come and go, their memberships and snapshots.
internal sealed partial class Lane
{
    private const int ChangeMapMs = 5_000;

    public void Add(Replica replica)
    {
        replica.Raft.MayLead = _mayLead || replica.Raft.Configuration.Voters.Count == 1;
        _replicas.Add(replica.Group, replica);
    }

    /// <summary>Deletes a replica, and everything of its group but a note; <see cref="ReplicaRemoval.Deleted"/> follows when that is on disk.</summary>
    public void Remove(uint group, Tombstone tombstone)
    {
        if (_replicas.Remove(group, out var replica))
        {
            replica.IsRemoved = true;
            _listed.Remove(replica);
            Log.AppendGroupRemoved(group);
            _node.Leaders.Set(group, MemberId.None);
            Trace?.Removed(replica);
        }
        Log.AppendNote(LogNotes.OfTombstone(group), tombstone.Encode());
        _work.Removed.Add(group);
    }

    public Replica? ReplicaOf(uint group) => _replicas.GetValueOrDefault(group);

    /// <summary>Tells meta of a change.</summary>
    /// <param name="change">What has changed. It may be told again: if the call fails it may have come to pass, or not.</param>
    /// <param name="over">Run by this lane when the call has ended, one way or another.</param>
    public void ChangeMap(MapChange change, Action over) => Submit(new Call
    {
        Group = 0,
        Kind = CallKind.Write,
        Body = MetaOps.ChangeMap(change),
        DeadlineMs = NowMs + ChangeMapMs,
        Owner = new MapReport(this, over),
    });

    /// <summary>Asks a group led here for another membership; the answer is one of the leader's log only.</summary>
    public ChangeStatus Change(uint group, Configuration target, out string reason)
    {
        if (ReplicaOf(group) is { } replica)
        {
            HasWork(replica);
            return replica.Raft.Change(target, out _, out reason);
        }
        reason = "This node holds no replica of the group.";
        return ChangeStatus.NotLeader;
    }

    /// <summary>Begins to hand a group led here to another voter.</summary>
    public TransferStatus Transfer(uint group, MemberId to)
    {
        if (ReplicaOf(group) is not { } replica) return TransferStatus.NotLeader;
        HasWork(replica);
        return replica.Raft.Transfer(to);
    }

    public void TakeSnapshot(Replica replica)
    {
        if (replica.SnapshotUnderWay || replica.Raft.Log.Applied.Value <= replica.SnapshotIndex) return;
        replica.SnapshotUnderWay = true;
        _node.Snapshots.Take(this, replica, replica.Raft.AppliedMeta, replica.WriteSnapshot().WrittenMemory);
    }

    public void Install(Replica replica, SnapshotMeta meta, ReadOnlyMemory<byte> data) =>
        _node.Snapshots.Store(this, replica, meta, data);

    // Meta's lane may be another one.
    private sealed class MapReport(Lane lane, Action over) : ICallOwner
    {
        public void Completed(Call call) => lane.Post(new LaneItem.Run(_ => over()));
    }
}
