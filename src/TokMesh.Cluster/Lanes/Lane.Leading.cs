using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Replicas;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Cluster.Lanes;

// Who leads: what a lane does when leaders change, when its node may not lead, and when it stops.
internal sealed partial class Lane
{
    private bool _mayLead;

    public void RoleChanged(Replica replica, Role role, Term term, MemberId leader)
    {
        _node.Leaders.Set(replica.Group, leader);
        if (role == Role.Leader) replica.LeadsSinceMs = NowMs;
        if (_routes.TryGetValue(replica.Group, out var route)) route.OnLeader(leader);
        _node.Watch.LeaderChanged(replica.Group, role, term, leader);
    }

    public void Excluded(uint group, MemberId follower, LogViolation violation, LogIndex index)
    {
        Raise(violation, follower, group, index);
        if (violation == LogViolation.AcknowledgedMissing) _node.Peers.Condemn(follower);
    }

    public void Halted(uint group, LogViolation violation, LogIndex index)
    {
        Raise(violation, Self, group, index);
        // What one group's log lacks the others' lack too: it is one disk.
        if (violation == LogViolation.AcknowledgedMissing) _node.Forgot(group, index);
    }

    private void Raise(LogViolation violation, MemberId member, uint group, LogIndex index) => _node.Health.Raise(
        violation == LogViolation.AcknowledgedMissing ? HealthCode.AcknowledgedLost : HealthCode.LeaderObjected, member, group, $"entry {index}");

    /// <summary>A new cluster need not wait for timeouts: the node the ring prefers stands as soon as a majority is linked.</summary>
    private void CampaignWhereNew()
    {
        foreach (var replica in _replicas.Values)
        {
            if (replica.Raft.Term > Term.Zero || replica.Raft.Role != Role.Follower) continue;
            // Only a cluster that begins has no term yet: the map is the bootstrap's.
            var voters = _node.Began.Groups[(int)replica.Group].Voters;
            if (voters[0] != Self.Value || 2 * voters.Count(v => IsLinked(new MemberId(v))) <= voters.Count) continue;
            replica.Raft.Campaign();
            HasWork(replica);
        }
    }

    /// <summary>The node stops: what it leads goes to others, and what it knows goes to its disk.</summary>
    /// <param name="isLast">Whether nothing comes after this: then a node that is about to stop too is better than none.</param>
    public void HandOver(bool isLast)
    {
        // Before the others are asked to take over: so they do not hand back, when several nodes stop at once.
        Heartbeats.Tell();
        foreach (var replica in _replicas.Values)
        {
            if (!HandOver(replica, mayLeave: false) && isLast) HandOver(replica, mayLeave: true);
            replica.KeepCommit();
        }
        if (Number == 0) _node.Peers.Store(_work.Records, NowMs, all: true);
        TellHandedOver();
        _node.Departure.HandOverBegun();
    }

    /// <summary>A member of a group was started anew, and its past is in order.</summary>
    public void Readmit(MemberId node)
    {
        foreach (var replica in _replicas.Values)
        {
            replica.Raft.Readmit(node, NowMs);
            HasWork(replica);
        }
    }

    /// <summary>How many groups are on their way from here to other nodes.</summary>
    public int CountHandedOver()
    {
        var groups = 0;
        foreach (var replica in _replicas.Values)
            if (!replica.Raft.TransferTarget.IsNone) groups++;
        return groups;
    }

    // Looked at after every turn of a lane whose node is about to stop.
    private void TellHandedOver() => _node.Departure.HandingOver(Number, CountHandedOver());

    private bool HandOver(Replica replica, bool mayLeave) => HandOver(replica, node => mayLeave || !Heartbeats.Leaves(node));

    /// <summary>Begins to hand a group led here to the best of those that may have it; false when there is none.</summary>
    public bool HandOver(Replica replica, Func<MemberId, bool> mayHave)
    {
        var successor = replica.Raft.Successor(node => IsLinked(node) && Heartbeats.MayLead(node) && mayHave(node), replica.Group);
        if (successor.IsNone) return false;
        replica.Raft.Transfer(successor);
        HasWork(replica);
        return true;
    }

    /// <summary>This node's disk or clock is not to be trusted with leading any more, or is again.</summary>
    private void LeadingChanged()
    {
        _mayLead = _node.MayLead;
        foreach (var replica in _replicas.Values)
        {
            // There is nobody else to lead it.
            if (replica.Raft.Configuration.Voters.Count == 1) continue;
            if (!_mayLead) HandOver(replica, mayLeave: true);
            replica.Raft.MayLead = _mayLead;
            HasWork(replica);
        }
        if (_mayLead) CampaignWhereNew();
    }
}
