using System.Text;
using TokMesh.Raft.Log;

namespace TokMesh.Raft.Tests.Scenarios;

/// <summary>How values are written in scenarios: <c>NotCaughtUp</c> is <c>not-caught-up</c>.</summary>
internal static class Names
{
    public static string Of(bool value) => value ? "yes" : "no";

    public static string Of(MemberId id) => id.ToString();

    public static string Of(IReadOnlyList<MemberId> ids) => ids.Count == 0 ? "none" : string.Join(',', ids);

    public static string Of(Enum value)
    {
        var text = new StringBuilder();
        foreach (var c in value.ToString())
        {
            if (char.IsUpper(c) && text.Length > 0) text.Append('-');
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }

    public static string[] All<T>() where T : struct, Enum => [.. Enum.GetValues<T>().Select(v => Of(v))];

    /// <summary>A log as runs of one term: <c>1..3@1,4@2</c>.</summary>
    public static string Of(ReadOnlySpan<Entry> log)
    {
        var text = new StringBuilder();
        for (var i = 0; i < log.Length;)
        {
            var end = i;
            while (end + 1 < log.Length && log[end + 1].Term == log[i].Term) end++;
            if (i > 0) text.Append(',');
            text.Append(log[i].Index);
            if (end > i) text.Append("..").Append(log[end].Index);
            text.Append('@').Append(log[i].Term);
            i = end + 1;
        }
        return text.Length == 0 ? "none" : text.ToString();
    }
}
