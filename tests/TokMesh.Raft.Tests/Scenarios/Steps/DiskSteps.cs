using TokMesh.Raft.Log;

namespace TokMesh.Raft.Tests.Scenarios.Steps;

internal static class DiskSteps
{
    /// <summary>The member begins with a term, a vote and a log from before.</summary>
    public static void Disk(ScenarioRun run, ScenarioLine line) => run.One(line, line.Words[0]).StartWith(
        new HardState(new Term(line.Number64("term")), line.Id(line.Option("vote") ?? "none")), line.Log(line.Option("log")));

    public static void Persist(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0]))
        {
            if (!member.IsUp || member.WritesUnderWay == 0) throw new StepDoesNotApplyException($"member {member.Id} has nothing to write");
            for (var i = line.Number32("count", int.MaxValue); i > 0 && member.WritesUnderWay > 0; i--) member.PersistOne(line.Flag("tell", true));
        }
    }

    public static void Stall(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) member.IsDiskStalled = true;
    }

    public static void Unstall(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) member.IsDiskStalled = false;
    }

    /// <summary>Power is cut; of the writes under way none, all, or the first few had reached the disk.</summary>
    public static void Crash(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0]))
        {
            if (!member.IsUp) throw new StepDoesNotApplyException($"member {member.Id} is down already");
            var keep = line.Option("keep") switch
            {
                null or "synced" => 0,
                "all" => int.MaxValue,
                var count => line.Number32(count),
            };
            for (; keep > 0 && member.WritesUnderWay > 0; keep--) member.PersistOne(tell: false);
            member.Crash();
        }
    }

    public static void Restart(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0]))
        {
            if (member.IsUp) throw new StepDoesNotApplyException($"member {member.Id} is up already");
            member.Start();
        }
    }

    /// <summary>A copy of the disk is taken.</summary>
    public static void KeepDisk(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) member.KeepDisk(line.Words[1]);
    }

    /// <summary>A member that is down gets a copy taken earlier, or an empty disk.</summary>
    public static void PutBack(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0]))
        {
            if (member.IsUp) throw new StepDoesNotApplyException($"member {member.Id} is up");
            member.PutBack(line.Words[1]);
        }
    }

    public static void Compact(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) if (member.IsUp) member.Compact(line.Number32("keep-bytes", 0));
    }
}
