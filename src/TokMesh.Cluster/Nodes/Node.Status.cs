using TokMesh.Cluster.Lanes;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.States;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Nodes;

// What others may ask about replicas.
public sealed partial class Node
{
    /// <summary>Groups this node led a moment ago.</summary>
    public int GroupsLed => _parts.Leaders.CountHere;

    /// <summary>Whether a group led here is still on its way to another node since <see cref="HandOver"/>.</summary>
    public bool IsHandingOver => _parts.Departure.IsHandingOver;

    /// <summary>Whether this node led a group a moment ago.</summary>
    public bool Leads(uint group) => _parts.Leaders.IsHere(group);

    /// <summary>Whom this node's replica of a group last followed; none where it has no replica, or knows no leader.</summary>
    public MemberId LeaderOf(uint group) => _parts.Leaders.Of(group);

    /// <summary>Asks every lane for the state of its replicas; <paramref name="done"/> is told each, by the lanes.</summary>
    /// <param name="digests">Whether to compute the digest of every state: costs a walk over everything.</param>
    /// <param name="done">Told one lane's replicas at a time.</param>
    public void CollectStatus(bool digests, Action<IReadOnlyList<ReplicaStatus>> done)
    {
        foreach (var lane in _lanes)
            lane.Post(new LaneItem.Run(l => done([.. l.Replicas.Select(r => StatusOf(r, digests, l.NowMs))])));
    }

    /// <summary>Asks for the state of one replica; <paramref name="done"/> is told by its lane, null when this node holds none of the group.</summary>
    /// <param name="group">0 is meta, shard s is group s + 1.</param>
    /// <param name="digest">Whether to compute the digest of its state: costs a walk over everything.</param>
    /// <param name="done">Told the state.</param>
    public void CollectStatus(uint group, bool digest, Action<ReplicaStatus?> done) =>
        _lanes[_parts.LaneOf(group)].Post(new LaneItem.Run(l => done(l.ReplicaOf(group) is { } replica ? StatusOf(replica, digest, l.NowMs) : null)));

    /// <summary>
    /// Has a replica write a snapshot of what it has applied, unless its last one covers that. <paramref name="done"/> is told by its
    /// lane, whether this node holds a replica of the group; <see cref="ReplicaStatus.SnapshotIndex"/> tells when the snapshot is on disk.
    /// </summary>
    public void TakeSnapshot(uint group, Action<bool> done) => _lanes[_parts.LaneOf(group)].Post(new LaneItem.Run(l =>
    {
        var replica = l.ReplicaOf(group);
        if (replica is not null) l.TakeSnapshot(replica);
        done(replica is not null);
    }));

    private static ReplicaStatus StatusOf(Replica replica, bool digest, long nowMs)
    {
        var shard = (replica.State as ShardGroupState)?.Shard;
        var raft = replica.Raft;
        return new ReplicaStatus(replica.Group, raft.Role, raft.Leader, raft.Term, raft.Log.Last, raft.Log.Commit, raft.Log.Applied,
            shard?.SessionCount ?? 0, shard?.KeyCount ?? 0, raft.IsEstablished, raft.HasLease(nowMs), digest ? replica.State.Digest() : null,
            raft.Configuration, new LogIndex(replica.SnapshotIndex));
    }
}
