using TokMesh.Raft.Membership;
using TokMesh.Raft.Tests.Harness;

namespace TokMesh.Raft.Tests.Scenarios.Steps;

internal static class GroupSteps
{
    public static void Campaign(ScenarioRun run, ScenarioLine line)
    {
        var member = run.Up(line, line.Words[0]);
        member.Group.Campaign();
        member.Drain();
    }

    public static void Propose(ScenarioRun run, ScenarioLine line)
    {
        var member = run.Up(line, line.Words[0]);
        for (var i = line.Number32("count", 1); i > 0; i--)
        {
            var payload = new byte[Math.Max(1, line.Number32("bytes", 8))];
            BitConverter.GetBytes(++run.Proposals).AsSpan(0, Math.Min(4, payload.Length)).CopyTo(payload);
            var status = member.Group.Propose(payload, out _);
            member.Drain();
            run.CheckStatus(line, Names.Of(status), "accepted");
        }
    }

    public static void Change(ScenarioRun run, ScenarioLine line)
    {
        var target = Configuration.Of(line.Ids(line.Option("voters")), line.Ids(line.Option("learners")));
        run.CheckStatus(line, Names.Of(run.Cluster.Change(run.Up(line, line.Words[0]), target)), "accepted");
    }

    public static void Transfer(ScenarioRun run, ScenarioLine line)
    {
        var member = run.Up(line, line.Words[0]);
        var status = member.Group.Transfer(line.Words[1] == "leader" ? run.One(line, "leader").Id : line.Id(line.Words[1]));
        member.Drain();
        run.CheckStatus(line, Names.Of(status), "started");
    }

    public static void Read(ScenarioRun run, ScenarioLine line)
    {
        var context = run.Cluster.Read(run.Up(line, line.Words[0]));
        if (context is { } begun) run.Reads[line.Words[1]] = begun;
        run.CheckStatus(line, context is null ? "not-leader" : "begun", "begun");
    }

    public static void Wake(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) Tell(member, m => m.Group.Wake(m.Now));
    }

    public static void LeaderLost(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) Tell(member, m => m.Group.LeaderLost(m.Now));
    }

    public static void Readmit(ScenarioRun run, ScenarioLine line)
    {
        foreach (var member in run.Many(line, line.Words[0])) Tell(member, m => m.Group.Readmit(line.Id(line.Words[1]), m.Now));
    }

    private static void Tell(Member member, Action<Member> what)
    {
        if (!member.IsUp) return;
        what(member);
        member.Drain();
    }

    public static void MayLead(ScenarioRun run, ScenarioLine line) => run.Up(line, line.Words[0]).Group.MayLead = line.Words[1] switch
    {
        "yes" => true,
        "no" => false,
        _ => throw line.Bad("allowed is yes or no"),
    };
}
