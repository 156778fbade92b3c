namespace TokMesh.Raft.Tests.Scenarios.Steps;

internal static class TimeSteps
{
    public static void Run(ScenarioRun run, ScenarioLine line) => run.Cluster.Run(line.Number32(line.Words[0]));

    /// <summary>Runs until somebody leads and has committed in its term, at most so long.</summary>
    public static void AwaitLeader(ScenarioRun run, ScenarioLine line)
    {
        for (var left = line.Number32(line.Words[0]); run.Cluster.Leader is not { Group.IsEstablished: true }; left -= 100)
        {
            if (left <= 0) throw line.Bad("nobody came to lead");
            run.Cluster.Run(100);
        }
    }

    public static void Settle(ScenarioRun run, ScenarioLine line) => run.Cluster.Settle();

    public static void Clock(ScenarioRun run, ScenarioLine line) => run.Cluster.Now += line.Number32(line.Words[0]);

    public static void Tick(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) if (member.IsUp) member.Tick();
    }

    public static void ClockRate(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) member.RunClockAt(line.Number32(line.Words[1]));
    }

    public static void Freeze(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) member.IsFrozen = true;
    }

    public static void Thaw(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) member.IsFrozen = false;
    }

    public static void ApplyCost(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) member.ApplyMs = line.Number32(line.Words[1]);
    }
}
