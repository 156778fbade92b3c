using TokMesh.Raft.Log;
using TokMesh.Raft.Tests.Harness;

namespace TokMesh.Raft.Tests.Scenarios;

/// <summary>A scenario under way. Every step is checked by the cluster's invariants as it goes.</summary>
internal sealed class ScenarioRun
{
    public ScenarioRun(Scenario scenario)
    {
        IsLenient = scenario.IsLenient;
        Cluster = new Cluster(scenario.Voters, scenario.Learners, scenario.Options, scenario.Strangers);
    }

    public Cluster Cluster { get; }

    public bool IsLenient { get; }

    /// <summary>Reads by the name the scenario gave them.</summary>
    public Dictionary<string, ulong> Reads { get; } = [];

    /// <summary>How many proposals were made, so that no two are equal.</summary>
    public int Proposals { get; set; }

    /// <summary>Runs a whole scenario.</summary>
    public static void Run(Scenario scenario)
    {
        var run = new ScenarioRun(scenario);
        foreach (var line in scenario.Steps) run.Do(line);
    }

    /// <summary>Does one step; tells whether it applied.</summary>
    public bool Do(ScenarioLine line)
    {
        try
        {
            Steps.StepTable.Do(this, line);
            foreach (var member in Cluster.Members) if (member.IsUp) Cluster.Note(member);
            return true;
        }
        catch (StepDoesNotApplyException) when (IsLenient)
        {
            return false;
        }
        catch (StepDoesNotApplyException e)
        {
            throw line.Bad(e.Message);
        }
        catch (Exception e) when (!IsLenient && e is RaftInvariantException or Xunit.Sdk.XunitException)
        {
            throw line.Bad(e.Message);
        }
    }

    /// <summary>One member that is up.</summary>
    public Member Up(ScenarioLine line, string word)
    {
        var member = One(line, word);
        return member.IsUp ? member : throw new StepDoesNotApplyException($"member {member.Id} is down");
    }

    public Member One(ScenarioLine line, string word)
    {
        if (word == "leader") return Cluster.Leader ?? throw new StepDoesNotApplyException("nobody leads");
        return Cluster[line.Id(word)] ?? throw line.Bad($"there is no member {word}; allowed is 1 to {Cluster.Members.Length}, or leader");
    }

    /// <summary>Members by number, <c>leader</c>, or <c>all</c>.</summary>
    public IReadOnlyList<Member> Many(ScenarioLine line, string words) =>
        words == "all" ? Cluster.Members : [.. words.Split(',').Select(word => One(line, word))];

    /// <summary>Compares what was answered with what the line expects, or with the usual answer.</summary>
    public void CheckStatus(ScenarioLine line, string actual, string usual)
    {
        if (line.Status is null && IsLenient) return;
        if (actual != (line.Status ?? usual)) throw line.Bad($"the answer was `{actual}`; expected was `{line.Status ?? usual}`");
    }
}
