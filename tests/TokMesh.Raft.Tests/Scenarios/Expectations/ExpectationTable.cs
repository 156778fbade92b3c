using TokMesh.Raft.Tests.Harness;

namespace TokMesh.Raft.Tests.Scenarios.Expectations;

/// <summary>
/// What can be expected, always of states:
/// <code>
/// expect 1,2 role=follower term=2 log=1..3@1,4@2      members, see <see cref="MemberExpectations"/>
/// expect progress 1 2 mode=probe match=3 next=4       leader 1's view of follower 2
/// expect wire type=append to=2 count=3                how many such messages are under way; at least one where no count is given
/// expect read a answered                              or pending, lost
/// expect group leader=1 elections=1 converged=yes     the whole
/// </code>
/// </summary>
internal static class ExpectationTable
{
    public static readonly string[] Keys =
        [.. MemberExpectations.Keys, .. ProgressExpectations.Keys, .. MessageFilter.Fields, "count", .. GroupExpectations.Keys];

    public static void Validate(ScenarioLine line)
    {
        var (words, allowed) = line.Words[0] switch
        {
            "progress" => (3, ProgressExpectations.Keys),
            "wire" => (1, [.. MessageFilter.Fields, "count"]),
            "read" => (3, []),
            "group" => (1, GroupExpectations.Keys),
            _ => (1, MemberExpectations.Keys),
        };
        if (line.Words.Count != words) throw line.Bad("allowed is: expect <members> …, expect progress <leader> <follower> …, expect wire …, expect read <name> <state>, expect group …");
        foreach (var option in line.Options)
            if (!allowed.Contains(option.Key)) throw line.Bad($"nothing is known of `{option.Key}` here; allowed is {string.Join(", ", allowed)}");
    }

    public static void Do(ScenarioRun run, ScenarioLine line)
    {
        switch (line.Words[0])
        {
            case "progress":
                ProgressExpectations.Check(run, line);
                break;
            case "wire":
                CheckWire(run, line);
                break;
            case "read":
                CheckRead(run, line);
                break;
            case "group":
                GroupExpectations.Check(run, line);
                break;
            default:
                foreach (var member in run.Many(line, line.Words[0])) MemberExpectations.Check(run, line, member);
                break;
        }
    }

    /// <summary>Compares one value with what the line says of it.</summary>
    public static void Compare(ScenarioLine line, string whose, Condition condition, string actual)
    {
        var holds = ulong.TryParse(actual, out var number) ? condition.Holds(number) : condition.Holds(actual);
        if (!holds) throw line.Bad($"{whose} has {condition.Key} {actual}; expected was {condition}");
    }

    private static void CheckWire(ScenarioRun run, ScenarioLine line)
    {
        var filter = Steps.WireSteps.Filter(line);
        var count = run.Cluster.Wire.Concat(run.Cluster.Network.Held).Count(w => filter.Matches(w.Message, w.Bytes));
        var expected = line.Options.Where(o => o.Key == "count").Append(new Condition("count", ">=", "1")).First();
        if (!expected.Holds((ulong)count)) throw line.Bad($"{count} such messages are under way; expected was {expected}; under way is {Steps.WireSteps.Describe(run)}");
    }

    private static void CheckRead(ScenarioRun run, ScenarioLine line)
    {
        if (!run.Reads.TryGetValue(line.Words[1], out var context)) throw line.Bad($"no read is named {line.Words[1]}");
        var state = run.Cluster.IsPending(context) ? "pending" : run.Cluster.LostReads.Contains(context) ? "lost" : "answered";
        if (state != line.Words[2]) throw line.Bad($"the read is {state}; expected was {line.Words[2]}, and allowed is answered, pending, lost");
    }
}
