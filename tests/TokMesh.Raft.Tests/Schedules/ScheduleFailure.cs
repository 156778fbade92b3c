using System.Text.RegularExpressions;
using TokMesh.Raft.Tests.Scenarios;

namespace TokMesh.Raft.Tests.Schedules;

/// <summary>What went wrong in a schedule.</summary>
/// <param name="Kind">The same for the same thing at another member, entry or term.</param>
/// <param name="Message">In full.</param>
/// <param name="Steps">How many steps of the schedule had been done.</param>
/// <param name="Healing">Whether all had, and it went wrong while the group was to heal.</param>
internal sealed record ScheduleFailure(string Kind, string Message, int Steps, bool Healing)
{
    public static ScheduleFailure Of(Exception e, int steps, bool healing)
    {
        var line = e.Message.Split('\n')[0].Trim();
        // A scenario's error begins with file and line, which change as steps are taken away.
        if (e is ScenarioException) line = line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..];
        var end = line.IndexOf(':');
        return new ScheduleFailure(e.GetType().Name + " " + Regex.Replace(end < 0 ? line : line[..end], "[0-9]+", "#"), e.Message, steps, healing);
    }
}
