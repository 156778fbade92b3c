using TokMesh.Raft.Membership;
using TokMesh.Raft.Replication;
using TokMesh.Raft.Tests.Harness;
using TokMesh.Raft.Transfer;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests.Scenarios.Steps;

/// <summary>Every step there is. Members are a number, <c>2,3</c>, <c>leader</c> or <c>all</c>.</summary>
internal static class StepTable
{
    // What one picks messages by; of those that match, pick=k takes only the k-th, counted round and round.
    private static readonly string[] Picking = [.. MessageFilter.Fields, "pick", "count"];

    private static readonly Dictionary<string, Step> Steps = new Step[]
    {
        // Time. A run delivers, persists and ticks; settling does so without time passing; the clock moves without anybody noticing.
        new("run <ms>", [], [], TimeSteps.Run),
        new("await-leader <ms>", [], [], TimeSteps.AwaitLeader),
        new("settle", [], [], TimeSteps.Settle),
        new("clock <ms>", [], [], TimeSteps.Clock),
        new("tick <members>", [], [], TimeSteps.Tick),
        new("clock-rate <members> <percent>", [], [], TimeSteps.ClockRate),
        new("freeze <members>", [], [], TimeSteps.Freeze),
        new("thaw <members>", [], [], TimeSteps.Thaw),
        new("apply-cost <members> <ms>", [], [], TimeSteps.ApplyCost),

        // What a member is asked to do.
        new("campaign <member>", [], [], GroupSteps.Campaign),
        new("propose <member> count=1 bytes=8", ["count", "bytes"], Names.All<ProposeStatus>(), GroupSteps.Propose),
        new("change <member> voters=1,2,3 learners=4", ["voters", "learners"], Names.All<ChangeStatus>(), GroupSteps.Change),
        new("transfer <member> <to>", [], Names.All<TransferStatus>(), GroupSteps.Transfer),
        new("read <member> <name>", [], ["begun", "not-leader"], GroupSteps.Read),
        new("wake <members>", [], [], GroupSteps.Wake),
        new("leader-lost <members>", [], [], GroupSteps.LeaderLost),
        new("may-lead <member> <yes|no>", [], [], GroupSteps.MayLead),

        // Messages under way, by hand: delivered whatever is cut or held.
        new("deliver type=append from=1 to=2 pick=0", Picking, ["taken", "stops"], WireSteps.Deliver),
        new("drop type=append pick=0", Picking, [], WireSteps.Drop),
        new("duplicate type=append pick=0", Picking, [], WireSteps.Duplicate),
        new("keep type=append pick=0", Picking, [], WireSteps.Keep),
        new("reverse type=append", MessageFilter.Fields, [], WireSteps.Reverse),
        new("send type=vote from=9 to=1 term=2", [.. MessageFilter.Fields, "data"], [], WireSteps.Send),

        // Links, for what is delivered by itself: lost until healed, kept back until released.
        new("block from=1 to=2", MessageFilter.Fields, [], LinkSteps.Block),
        new("hold type=append-reply", MessageFilter.Fields, [], LinkSteps.Hold),
        new("isolate <members>", [], [], LinkSteps.Isolate),
        new("heal", [], [], LinkSteps.Heal),
        new("release", [], [], LinkSteps.Release),

        // Disks and crashes.
        new("disk <member> term=3 vote=none log=1..3@1,4@2", ["term", "vote", "log"], [], DiskSteps.Disk),
        new("persist <members> count=1 tell=yes", ["count", "tell"], [], DiskSteps.Persist),
        new("stall <members>", [], [], DiskSteps.Stall),
        new("unstall <members>", [], [], DiskSteps.Unstall),
        new("crash <members> keep=synced|all|1", ["keep"], [], DiskSteps.Crash),
        new("restart <members>", [], [], DiskSteps.Restart),
        new("keep-disk <members> <name>", [], [], DiskSteps.KeepDisk),
        new("put-back <members> <name|empty>", [], [], DiskSteps.PutBack),
        new("readmit <members> <member>", [], [], GroupSteps.Readmit),
        new("compact <members> keep-bytes=0", ["keep-bytes"], [], DiskSteps.Compact),

        new("expect <what> [more] [more]", Expectations.ExpectationTable.Keys, [], Expectations.ExpectationTable.Do),
    }.ToDictionary(step => step.Verb);

    /// <exception cref="ScenarioException">Nothing like this line can be a step.</exception>
    public static void Validate(ScenarioLine line)
    {
        if (!Steps.TryGetValue(line.Verb, out var step)) throw line.Bad($"`{line.Verb}` is no step; allowed is {string.Join(", ", Steps.Keys)}");
        if (line.Verb == "expect" && line.Words.Count > 0) Expectations.ExpectationTable.Validate(line);
        step.Validate(line);
        foreach (var type in line.Option("type")?.Split(',') ?? [])
            if (!Names.All<MessageType>().Contains(type)) throw line.Bad($"`{type}` is no type of message; allowed is {string.Join(", ", Names.All<MessageType>())}");
    }

    public static void Do(ScenarioRun run, ScenarioLine line) => Steps[line.Verb].Do(run, line);
}
