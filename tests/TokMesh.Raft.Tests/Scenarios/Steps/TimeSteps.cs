namespace TokMesh.Raft.Tests.Scenarios.Steps;

internal static class TimeSteps
{
    public static void Run(ScenarioRun run, ScenarioLine line) => run.Cluster.Run(line.Number32(line.Words[0]));

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
