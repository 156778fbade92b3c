using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Raft;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Cluster.Lanes;

/// <summary>
/// Looks at a lane's groups once a second: who leads them, which of their voters are there and keep up. Wakes nobody: of a quiescent group
/// everything is known without asking, but for whether its members' nodes live, which their heartbeats tell.
/// </summary>
internal sealed class LaneCheckup(Lane lane)
{
    public const int IntervalMs = 1_000;

    /// <summary>A group without a leader for less than this is electing one.</summary>
    private const int ElectionMs = 1_500;

    private readonly LagTracker _lags = new();
    private readonly Dictionary<uint, long> _leaderless = [];
    private readonly HashSet<MemberId> _unhealthy = [];
    private long _next;

    public void Tick()
    {
        var health = lane.Node.Health;
        if (lane.NowMs >= _next)
        {
            _next = lane.NowMs + IntervalMs;
            var found = new LaneFindings(lane.Node.GroupCount);
            foreach (var replica in lane.Replicas) Look(replica.Group, replica.Raft, found);
            health.Found(lane.Number, found);
            if (lane.Number == 0) health.Round(lane.NowMs);
        }
        if (lane.Number == 0 && health.HasNews) health.Tell(lane.IsLinked, lane.Node.Transport, lane.NowMs);
    }

    private void Look(uint group, RaftGroup raft, LaneFindings found)
    {
        found.IsHeld(group);
        if (!raft.Leader.IsNone) _leaderless.Remove(group);
        if (raft.Role == Role.Leader)
        {
            found.Leads(group);
            LookAtFollowers(group, raft, found);
            return;
        }
        _lags.Forget(group);
        // One that knows that it was left out of its group follows nobody, and need not.
        if (!raft.Leader.IsNone || !raft.Configuration.Contains(lane.Self)) return;
        if (!_leaderless.TryAdd(group, lane.NowMs) && lane.NowMs - _leaderless[group] >= ElectionMs) found.Leaderless.Add((group, !lane.Heartbeats.HearsMajorityOf(raft.Configuration)));
    }

    private void LookAtFollowers(uint group, RaftGroup raft, LaneFindings found)
    {
        var configuration = raft.Configuration;
        _unhealthy.Clear();
        foreach (var list in (ReadOnlySpan<IReadOnlyList<MemberId>>)[configuration.Voters, configuration.VotersOutgoing, configuration.Learners])
        {
            for (var i = 0; i < list.Count; i++)
            {
                var member = list[i];
                if (member == lane.Self || _unhealthy.Contains(member) || raft.FollowerOf(member, lane.NowMs) is not { } follower) continue;
                if (!lane.Heartbeats.Hears(member) || (!raft.IsQuiescent && follower.SilentMs > 2 * lane.Node.Raft.ElectionTimeoutMs))
                {
                    found.See(HealthCode.FollowerUnreachable, member, group);
                    _unhealthy.Add(member);
                    continue;
                }
                var lag = _lags.Look(group, member.Value, follower.Match.Value, follower.SnapshotBytes, raft.Log.Last.Value, lane.NowMs);
                if (lag == Lag.None) continue;
                found.See(lag == Lag.Stuck ? HealthCode.ReplicaStuck : HealthCode.ReplicaBehind, member, group);
                _unhealthy.Add(member);
            }
        }
        if (!lane.Heartbeats.HearsMajorityOf(configuration)) found.See(HealthCode.MajorityLost, MemberId.None, group);
        else if (!HasMargin(configuration.Voters) || (configuration.IsJoint && !HasMargin(configuration.VotersOutgoing))) found.See(HealthCode.NoMargin, MemberId.None, group);
    }

    /// <summary>Whether one more voter can be lost. A group of one or two never has that; as long as all are well that is no condition.</summary>
    private bool HasMargin(IReadOnlyList<MemberId> voters)
    {
        var healthy = 0;
        for (var i = 0; i < voters.Count; i++) if (!_unhealthy.Contains(voters[i])) healthy++;
        return healthy == voters.Count || healthy > voters.Count / 2 + 1;
    }
}
