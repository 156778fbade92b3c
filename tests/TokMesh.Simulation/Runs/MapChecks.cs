using TokMesh.Simulation.Observing;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Runs;

/// <summary>When every fault has ended, the map on every node shows who holds what, and every member holds meta.</summary>
internal sealed class MapChecks(VirtualWorld world)
{
    private const int WithinMs = 20_000;

    public void TheMapIsTrueEverywhere()
    {
        world.RunUntil(() => Untrue() is null, WithinMs, stepMs: 250);
        if (Untrue() is { } problem) throw problem;
    }

    private SimulationFailure? Untrue()
    {
        for (uint group = 0; group < world.GroupCount; group++)
        {
            if (world.LeaderOf(group) is not { } leader) return new SimulationFailure($"Group {group} has no leader.") { Group = group };
            var membership = world.ReplicaOf(leader, group)!.Raft.Configuration;
            if (leader.Node!.Map.Moves.FirstOrDefault(m => m.Group == group) is { } move)
                return new SimulationFailure($"Every fault has ended. Group {group} has {membership} and has not moved to {string.Join(' ', move.Voters)}.") { Group = group };
            if (leader.Node.Map.Groups[(int)group].Removed?.FirstOrDefault(r => world.Present.Any(n => n.Id.Value == r.Number)) is { } removed)
                return new SimulationFailure($"Every fault has ended. Node {removed.Number} has not told that it has deleted group {group}.") { Group = group };
            foreach (var node in world.Present)
            {
                if (node.Node!.Map.Groups[(int)group] is var place && !place.Matches(membership))
                    return new SimulationFailure($"Every fault has ended. Group {group} has {membership}; the map at node {node.Id} shows voters [{string.Join(' ', place.Voters)}] learners [{string.Join(' ', place.Learners)}] as of {place.Version}.") { Group = group };
                if (world.ReplicaOf(node, group) is not null && !membership.Contains(node.Id) && membership.Generation > 0)
                    return new SimulationFailure($"Every fault has ended. Node {node.Id} holds group {group}, which has {membership}.") { Group = group };
                if (group == 0 && !membership.Contains(node.Id)) return new SimulationFailure($"Every fault has ended, and node {node.Id} holds no meta.") { Group = 0 };
            }
        }
        return null;
    }
}
