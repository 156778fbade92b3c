using TokMesh.Cluster.Replicas;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Lanes;

/// <summary>
/// Spreads leadership: a node that leads at least two groups more than another gives it one that both vote in. Every node decides for the groups it
/// leads itself, by what the others say they lead; each such step makes the cluster more even, so there is an end to it. A leader that is new is
/// left alone for a while, so that what is going on elsewhere is over first.
/// </summary>
internal sealed class LeaderBalance(Lane lane)
{
    private const int IntervalMs = 250;

    /// <summary>Groups that are given away at a time: calls of a group wait while it changes its leader.</summary>
    private const int AtOnce = 2;

    /// <summary>How long a leader stays at least.</summary>
    private const int SettledMs = 5_000;

    /// <summary>Who lacks more entries would keep the group's writes waiting.</summary>
    private const long MaxLag = 64;

    private readonly Dictionary<MemberId, (int Groups, ulong Report)> _said = [];
    private long _next;

    public void Tick()
    {
        if (lane.NowMs < _next || !lane.Node.BalancesLeaders) return;
        _next = lane.NowMs + IntervalMs;
        var loads = lane.Node.Loads;
        var leaving = lane.CountHandedOver();
        loads.Leaving(lane.Number, leaving);
        if (lane.Node.Departure.IsLeaving || !lane.Node.MayLead) return;
        LookWhoMayHaveMore();
        var fewest = int.MaxValue;
        foreach (var (node, said) in _said) fewest = Math.Min(fewest, loads.Of(node, said));
        // Nearly always leaders are even.
        if (_said.Count == 0 || lane.Node.Leaders.CountHere - fewest < 2) return;
        foreach (var replica in lane.Replicas)
        {
            if (leaving >= AtOnce) return;
            if (BestFor(replica) is not { } to || !loads.TryGive(lane.Number, to, _said[to])) continue;
            lane.HandOver(replica, node => node == to);
            leaving++;
        }
    }

    private void LookWhoMayHaveMore()
    {
        _said.Clear();
        foreach (var member in lane.Map.Members)
        {
            var node = new MemberId(member.Number);
            if (node == lane.Self || !lane.Heartbeats.Hears(node) || !lane.Heartbeats.MayLead(node) || lane.Heartbeats.Leaves(node)) continue;
            if (lane.Node.Health.LedBy(node) is { } said) _said[node] = said;
        }
    }

    private MemberId? BestFor(Replica replica)
    {
        var raft = replica.Raft;
        if (!raft.IsEstablished || !raft.TransferTarget.IsNone || lane.NowMs - replica.LeadsSinceMs < SettledMs) return null;
        var (best, fewest) = ((MemberId?)null, int.MaxValue);
        foreach (var voter in raft.Configuration.Voters)
        {
            if (!_said.TryGetValue(voter, out var said) || raft.FollowerOf(voter, lane.NowMs) is not { } follower || raft.Log.Last - follower.Match > MaxLag) continue;
            var load = lane.Node.Loads.Of(voter, said);
            if (load < fewest) (best, fewest) = (voter, load);
        }
        return best;
    }
}
