using System.Runtime.InteropServices;
using TokMesh.Raft.Log;
using TokMesh.Raft.Tests.Harness;

namespace TokMesh.Raft.Tests.Scenarios.Expectations;

/// <summary>What can be expected of one member: its state in memory, and on its disk.</summary>
internal static class MemberExpectations
{
    private static readonly Dictionary<string, Func<Member, string>> Values = new()
    {
        ["up"] = m => Names.Of(m.IsUp),
        ["role"] = m => Names.Of(m.Group.Role),
        ["term"] = m => m.Group.Term.ToString(),
        ["vote"] = m => Names.Of(m.Group.Vote),
        ["leader"] = m => Names.Of(m.Group.Leader),
        ["commit"] = m => m.Group.Log.Commit.ToString(),
        ["applied"] = m => m.Group.Log.Applied.ToString(),
        ["durable"] = m => m.Group.Log.Durable.ToString(),
        ["base"] = m => m.Group.Log.Base.ToString(),
        ["last"] = m => m.Group.Log.Last.ToString(),
        ["log"] = m => Names.Of(m.Group.Log.After(m.Group.Log.Base, int.MaxValue, long.MaxValue)),
        ["voters"] = m => Names.Of(m.Group.Configuration.Voters),
        ["outgoing"] = m => Names.Of(m.Group.Configuration.VotersOutgoing),
        ["learners"] = m => Names.Of(m.Group.Configuration.Learners),
        ["changes"] = m => Entries(m).Count(e => e.Type == EntryType.Configuration).ToString(),
        ["established"] = m => Names.Of(m.Group.IsEstablished),
        ["quiescent"] = m => Names.Of(m.Group.IsQuiescent),
        ["lease"] = m => Names.Of(m.Group.HasLease(m.Now)),
        ["hands-to"] = m => Names.Of(m.Group.TransferTarget),
        ["stale"] = m => m.Group.StalenessMs(m.Now)?.ToString() ?? "unknown",
        ["violation"] = m => Names.Of(m.Group.Violation),
        ["writes"] = m => m.WritesUnderWay.ToString(),
        ["disk-term"] = m => m.DiskHardState.Term.ToString(),
        ["disk-vote"] = m => Names.Of(m.DiskHardState.Vote),
        ["disk-log"] = m => Names.Of(CollectionsMarshal.AsSpan(m.DiskEntries)),
        ["snapshot"] = m => m.DiskSnapshot.Index.ToString(),
        ["snapshot-voters"] = m => Names.Of(m.DiskSnapshot.Configuration.Voters),
        ["snapshot-outgoing"] = m => Names.Of(m.DiskSnapshot.Configuration.VotersOutgoing),
        ["snapshot-learners"] = m => Names.Of(m.DiskSnapshot.Configuration.Learners),
    };

    public static string[] Keys { get; } = [.. Values.Keys];

    public static void Check(ScenarioRun run, ScenarioLine line, Member member)
    {
        foreach (var condition in line.Options)
            ExpectationTable.Compare(line, $"member {member.Id}", condition, Values[condition.Key](member));
    }

    private static Entry[] Entries(Member m) => m.Group.Log.After(m.Group.Log.Base, int.MaxValue, long.MaxValue).ToArray();
}
