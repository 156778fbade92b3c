using TokMesh.Raft.Replication;

namespace TokMesh.Raft.Tests.Scenarios.Expectations;

/// <summary>What can be expected of a leader's view of a follower.</summary>
internal static class ProgressExpectations
{
    private static readonly Dictionary<string, Func<Progress, string>> Values = new()
    {
        ["mode"] = p => Names.Of(p.Mode),
        ["match"] = p => p.Match.ToString(),
        ["next"] = p => p.Next.ToString(),
        ["inflight"] = p => p.Inflights.Count.ToString(),
        ["violation"] = p => Names.Of(p.Violation),
        ["paused"] = p => Names.Of(!p.CanSend),
    };

    public static string[] Keys { get; } = [.. Values.Keys];

    public static void Check(ScenarioRun run, ScenarioLine line)
    {
        var (leader, follower) = (run.Up(line, line.Words[1]), line.Id(line.Words[2]));
        var progress = leader.Group.ProgressOf(follower) ?? throw line.Bad($"member {leader.Id} does not lead, or {follower} is no follower of it");
        foreach (var condition in line.Options)
            ExpectationTable.Compare(line, $"member {follower}, as {leader.Id} sees it,", condition, Values[condition.Key](progress));
    }
}
