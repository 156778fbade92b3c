using TokMesh.Raft.Log;
using TokMesh.Raft.Tests.Harness;

namespace TokMesh.Raft.Tests.Scenarios.Expectations;

/// <summary>What can be expected of the group as a whole.</summary>
internal static class GroupExpectations
{
    private static readonly Dictionary<string, Func<Cluster, string>> Values = new()
    {
        ["leader"] = c => Names.Of(c.Leader?.Id ?? MemberId.None),
        ["term"] = c => c.Members.Max(m => m.Group.Term.Value).ToString(),
        ["elections"] = c => c.Elections.ToString(),
        ["snapshots-installed"] = c => c.SnapshotsInstalled.ToString(),
        ["reads-answered"] = c => c.ReadsAnswered.ToString(),
        ["converged"] = Converged,
    };

    public static string[] Keys { get; } = [.. Values.Keys];

    public static void Check(ScenarioRun run, ScenarioLine line)
    {
        foreach (var condition in line.Options) ExpectationTable.Compare(line, "the group", condition, Values[condition.Key](run.Cluster));
    }

    private static string Converged(Cluster cluster)
    {
        if (cluster.Leader is not { Group.IsEstablished: true }) return "no: nobody leads";
        cluster.CheckConverged();
        return "yes";
    }
}
