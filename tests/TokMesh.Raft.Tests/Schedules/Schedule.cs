using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Tests.Scenarios;

namespace TokMesh.Raft.Tests.Schedules;

/// <summary>
/// A group, steps in the words of scenarios that may be left out without the others losing their meaning, and an end in which the
/// group must heal.
/// </summary>
/// <param name="Group">Its declaration, and no steps.</param>
/// <param name="Steps">What happens.</param>
/// <param name="Healing">What happens last, always.</param>
internal sealed record Schedule(Scenario Group, IReadOnlyList<ScenarioLine> Steps, IReadOnlyList<ScenarioLine> Healing)
{
    /// <summary>Looked at after every step, besides what the cluster checks by itself.</summary>
    public Action<Cluster>? AlsoCheck { get; init; }

    /// <summary>Null when nothing went wrong.</summary>
    public ScheduleFailure? Run()
    {
        var run = new ScenarioRun(Group);
        var (done, healing) = (0, false);
        try
        {
            foreach (var step in Steps)
            {
                done++;
                run.Do(step);
                AlsoCheck?.Invoke(run.Cluster);
            }
            healing = true;
            foreach (var step in Healing) run.Do(step);
            return null;
        }
        // Whatever comes out of the protocol is what this looks for.
        catch (Exception e)
        {
            return ScheduleFailure.Of(e, done, healing);
        }
    }

    /// <summary>The smallest part of this schedule that goes wrong in the same way.</summary>
    public Schedule Shrink(ScheduleFailure failure)
    {
        var whole = failure.Healing ? this : this with { Steps = [.. Steps.Take(failure.Steps)], Healing = [] };
        return whole with { Steps = WithWaitsJoined(Shrinker.Shrink(whole.Steps, steps => (whole with { Steps = steps }).Run()?.Kind == failure.Kind)) };
    }

    /// <summary>Time that passes with nothing in between is one step: that changes nothing, and is easier to read.</summary>
    private static List<ScenarioLine> WithWaitsJoined(IEnumerable<ScenarioLine> steps)
    {
        var joined = new List<ScenarioLine>();
        foreach (var step in steps)
        {
            if (step.Verb == "clock" && joined.Count > 0 && joined[^1] is { Verb: "clock" } before)
                joined[^1] = ScenarioLine.Parse(step.File, before.Number, $"clock {before.Number32(before.Words[0]) + step.Number32(step.Words[0])}")!;
            else joined.Add(step);
        }
        return joined;
    }

    /// <summary>As a scenario that can be kept.</summary>
    public string ToScenario(string purpose)
    {
        var o = Group.Options;
        return string.Join('\n',
        [
            "# " + purpose,
            $"cluster voters={Group.Voters} learners={Group.Learners} strangers={Group.Strangers}",
            $"options entries-per-append={o.MaxEntriesPerAppend} inflight-appends={o.MaxInflightAppends} uncommitted-bytes={o.MaxUncommittedBytes}"
                + $" snapshot-chunk={o.SnapshotChunkBytes} snapshot-window={o.SnapshotWindow} lease={Names.Of(o.LeaseReads)} entries-per-apply={o.MaxEntriesPerApply} quiesce-after={o.QuiesceAfterMs}",
            "lenient",
            .. Steps.Select(s => s.Text),
            Healing.Count > 0 ? "# Then it must heal." : "# By then it has gone wrong.",
            .. Healing.Select(s => s.Text),
            "",
        ]);
    }
}
