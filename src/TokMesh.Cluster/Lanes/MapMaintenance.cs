using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Raft;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;

namespace TokMesh.Cluster.Lanes;

/// <summary>
/// Keeps the map true, on the leaders: that of a group tells meta who holds it, whenever that is not what the map says; that of meta
/// takes every member in as a learner, says when one has all of it, and takes those out that are members no more.
/// </summary>
internal sealed class MapMaintenance(Lane lane)
{
    private readonly HashSet<uint> _underWay = [];
    private bool _isTellingReady;

    public void Look(Replica replica)
    {
        var raft = replica.Raft;
        var (membership, map) = (raft.Configuration, lane.Map);
        if (membership.IsJoint || raft.ConfigurationIndex > raft.Log.Commit) return;
        if (replica.Group == 0 && TargetOf(membership, map) is { } target)
        {
            // Another change under way is waited for.
            lane.Change(replica.Group, target, out _);
            return;
        }
        if (replica.Group == 0) LookWhoIsReady(raft, map);
        var place = map.Groups[(int)replica.Group];
        if (_underWay.Contains(replica.Group) || place.Matches(membership)) return;
        // What meta has applied here may be behind: then this is told a second time, which changes nothing.
        if (raft.ConfigurationIndex.Value <= place.Version) return;
        var group = replica.Group;
        _underWay.Add(group);
        lane.ChangeMap(new MapChange { Placed = new PlacedGroup(group, GroupPlace.Of(membership, raft.ConfigurationIndex.Value, raft.Term.Value)) }, () => _underWay.Remove(group));
    }

    private void LookWhoIsReady(RaftGroup raft, ClusterMap map)
    {
        if (_isTellingReady) return;
        foreach (var member in map.Members)
        {
            if (member.State != MemberState.Joining || raft.FollowerOf(new MemberId(member.Number), lane.NowMs) is not { } follower) continue;
            if (follower.Match < raft.Log.Commit) continue;
            _isTellingReady = true;
            lane.ChangeMap(new MapChange { Ready = member.Number }, () => _isTellingReady = false);
            return;
        }
    }

    /// <summary>Meta's membership as the map wants it; null when it is that, or when this node has not applied the map yet.</summary>
    private Configuration? TargetOf(Configuration membership, ClusterMap map)
    {
        if (!lane.Node.Meta.IsCurrent) return null;
        var missing = map.Members.Select(m => new MemberId(m.Number)).Where(m => !membership.Contains(m)).ToArray();
        var gone = membership.Learners.Where(l => map.MemberOf(l) is null).ToArray();
        if (missing.Length == 0 && gone.Length == 0) return null;
        return Configuration.Of(membership.Voters, membership.Learners.Except(gone).Concat(missing), membership.Generation);
    }
}
