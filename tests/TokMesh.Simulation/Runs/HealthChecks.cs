using TokMesh.Cluster.Errors;
using TokMesh.Raft.Log;
using TokMesh.Simulation.Observing;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Runs;

/// <summary>When every fault has ended, every node says that nothing is wrong, but for what a node that is gone for good leaves behind.</summary>
internal sealed class HealthChecks(VirtualWorld world)
{
    private const int WithinMs = 20_000;

    public void EveryNodeTellsTheTruth()
    {
        var lost = world.Nodes.FirstOrDefault(n => n.IsLost)?.Id ?? MemberId.None;
        // Groups may change their leaders meanwhile, so both are looked at together.
        world.RunUntil(() => world.Present.All(n => Wrong(n, lost) is null), WithinMs, stepMs: 250);
        foreach (var node in world.Present)
            if (Wrong(node, lost) is { } problem) throw new SimulationFailure($"Every fault has ended. {problem}\n{Said(node)}");
    }

    private string? Wrong(VirtualNode node, MemberId lost)
    {
        // Only the simulation takes a node out of meta, and then what it knows of meta is old, as it says.
        var said = node.Node!.Health.Cluster().Conditions.Where(c => c.Condition.Code != HealthCode.Starting || HoldsMeta(c.Condition.Subject)).ToArray();
        if (lost.IsNone) return said.Length == 0 ? null : $"Node {node.Id} still says that something is wrong.";
        if (!said.Any(c => c.Condition.Code == HealthCode.MemberSilent && c.Condition.Subject == lost)) return $"Node {node.Id} does not say that node {lost} is gone.";
        var without = Enumerable.Range(0, world.GroupCount).Select(g => (uint)g).Where(g => HasNoMargin(g, lost)).ToArray();
        var margin = said.FirstOrDefault(c => c.Condition.Code == HealthCode.NoMargin)?.Condition;
        if ((margin?.Groups ?? 0) != without.Length) return $"{without.Length} groups have no margin; node {node.Id} says {margin?.Groups ?? 0}.";
        return said.FirstOrDefault(c => c.Condition.Code is not (HealthCode.MemberSilent or HealthCode.NoMargin or HealthCode.FollowerUnreachable or HealthCode.MemberRefused)
            || (!c.Condition.Subject.IsNone && c.Condition.Subject != lost)) is { } other ? $"Node {node.Id} says {other.Condition.Code.ToText()}, which is not so." : null;
    }

    private bool HoldsMeta(MemberId node) => world.LeaderOf(0) is { } leader && world.ReplicaOf(leader, 0)!.Raft.Configuration.Contains(node);

    private bool HasNoMargin(uint group, MemberId lost)
    {
        if (world.LeaderOf(group) is not { } leader) return false;
        var voters = world.ReplicaOf(leader, group)!.Raft.Configuration.Voters;
        return voters.Contains(lost) && voters.Count - 1 <= voters.Count / 2 + 1;
    }

    private static string Said(VirtualNode node) => string.Join("\n", node.Node!.Health.Cluster().Conditions
        .Select(c => $"{c.Condition.Code.ToText()} by {string.Join(", ", c.ReportedBy)}: {c.Condition.Describe(static n => n.ToString())}"));
}
