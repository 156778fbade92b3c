using TokMesh.Raft.Log;
using TokMesh.Raft.Tests.Scenarios;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests.Harness;

/// <summary>Which messages: every condition must hold.</summary>
internal sealed class MessageFilter(IReadOnlyList<Condition> conditions)
{
    /// <summary>What conditions can be about.</summary>
    public static readonly string[] Fields =
        ["type", "from", "to", "term", "index", "log-term", "commit", "hint", "context", "offset", "reject", "entries"];

    public bool Matches(in Message m, byte[] bytes)
    {
        foreach (var condition in conditions)
        {
            var holds = condition.Key switch
            {
                "type" => condition.Holds(Names.Of(m.Type)),
                "from" => condition.Holds(m.From.Value),
                "to" => condition.Holds(m.To.Value),
                "term" => condition.Holds(m.Term.Value),
                "index" => condition.Holds(m.Index.Value),
                "log-term" => condition.Holds(m.LogTerm.Value),
                "commit" => condition.Holds(m.Commit.Value),
                "hint" => condition.Holds(m.Hint.Value),
                "context" => condition.Holds(m.Context),
                "offset" => condition.Holds((ulong)m.Offset),
                "reject" => condition.Holds(Names.Of(m.Reject)),
                "entries" => condition.Holds((ulong)EntriesIn(bytes)),
                _ => throw new ArgumentOutOfRangeException(condition.Key),
            };
            if (!holds) return false;
        }
        return true;
    }

    private static int EntriesIn(byte[] bytes)
    {
        var entries = new List<Entry>();
        MessageCodec.Decode(bytes, entries, out _);
        return entries.Count;
    }
}
