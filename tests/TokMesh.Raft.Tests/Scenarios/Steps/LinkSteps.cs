using TokMesh.Raft.Tests.Harness;

namespace TokMesh.Raft.Tests.Scenarios.Steps;

internal static class LinkSteps
{
    public static void Block(ScenarioRun run, ScenarioLine line) => run.Cluster.Network.Blocks.Add(WireSteps.Filter(line));

    public static void Hold(ScenarioRun run, ScenarioLine line) => run.Cluster.Network.Holds.Add(WireSteps.Filter(line));

    /// <summary>Cuts these members off from all others; among themselves they talk on.</summary>
    public static void Isolate(ScenarioRun run, ScenarioLine line)
    {
        var inside = run.Many(line, line.Words[0]).Select(m => m.Id).ToHashSet();
        foreach (var a in run.Cluster.Members)
            foreach (var b in run.Cluster.Members)
                if (inside.Contains(a.Id) != inside.Contains(b.Id))
                    run.Cluster.Network.Blocks.Add(new MessageFilter([new Condition("from", "=", a.Id.ToString()), new Condition("to", "=", b.Id.ToString())]));
    }

    public static void Heal(ScenarioRun run, ScenarioLine line) => run.Cluster.Network.Blocks.Clear();

    /// <summary>Nothing is kept back any more, and what was is under way again, behind everything else.</summary>
    public static void Release(ScenarioRun run, ScenarioLine line)
    {
        run.Cluster.Network.Holds.Clear();
        run.Cluster.Wire.AddRange(run.Cluster.Network.Held);
        run.Cluster.Network.Held.Clear();
    }
}
