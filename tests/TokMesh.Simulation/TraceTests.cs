using System.Text;
using System.Text.Json.Nodes;
using TokMesh.Simulation.Runs;
using TokMesh.Simulation.Traces;

namespace TokMesh.Simulation;

/// <summary>A trace says enough for a program that knows nothing else to check the run, and to find what is wrong with it.</summary>
public sealed class TraceTests
{
    public static TheoryData<string> ProfileNames() => [.. Profiles.Names];

    [Theory]
    [MemberData(nameof(ProfileNames))]
    public void A_run_can_be_checked_from_its_trace_alone(string profile)
    {
        var problem = TraceChecker.Check(Trace(6, profile), out var checker);
        Assert.Null(problem);
        Assert.All(["recovered", "send", "receive", "role", "append", "persist", "persisted", "commit", "apply", "call", "answer"],
            what => Assert.True(checker.Seen.ContainsKey(what), $"There is no event \"{what}\"."));
    }

    [Fact]
    public void Writing_a_trace_changes_nothing() =>
        Assert.Equal(Run.Execute(9, "snapshots").Digest, Run.Execute(9, "snapshots", new MemoryStream()).Digest);

    [Fact]
    public void A_second_leader_of_a_term_is_found() => Find("leads this term too", lines =>
    {
        var at = lines.FindIndex(l => Is(l, "role") && l.Contains("\"Leader\"", StringComparison.Ordinal));
        lines.Insert(at + 1, With(lines[at], "node", JsonNode.Parse(lines[at])!["node"]!.GetValue<int>() % 3 + 1));
    });

    [Fact]
    public void States_that_differ_are_found() => Find("another node applied something else", lines =>
    {
        var at = lines.FindLastIndex(l => Is(l, "apply"));
        lines[at] = With(lines[at], "hash", "0123456789abcdef");
    });

    [Fact]
    public void Logs_that_do_not_match_are_found() => Find("logs do not match", lines =>
    {
        var at = lines.FindLastIndex(l => Is(l, "append"));
        lines[at] = With(lines[at], "hash", "0123456789abcdef");
    });

    [Fact]
    public void An_acknowledgement_before_the_disk_is_found() => Find("but", lines =>
    {
        var at = lines.FindIndex(lines.Count / 2, l => Is(l, "send") && l.Contains("\"AppendReply\"", StringComparison.Ordinal) && l.Contains("\"reject\":false", StringComparison.Ordinal));
        lines[at] = With(lines[at], "index", 1_000_000);
    });

    [Fact]
    public void A_commit_without_a_majority_is_found() => Find("", lines => lines.RemoveAll(l => Is(l, "persisted") && !l.Contains("\"node\":1,", StringComparison.Ordinal)));

    [Fact]
    public void A_message_that_nobody_sent_is_found() => Find("was not sent", lines => lines.RemoveAt(lines.FindIndex(l => Is(l, "send") && l.Contains("\"Append\"", StringComparison.Ordinal))));

    [Fact]
    public void A_read_of_something_overwritten_is_found()
    {
        List<string> lines =
        [
            """{"t":1,"event":"call","node":1,"client":1,"call":1,"kind":"Write","register":"key-0-0","value":"a"}""",
            """{"t":2,"event":"answer","client":1,"call":1,"register":"key-0-0","outcome":"answered","value":null}""",
            """{"t":3,"event":"call","node":1,"client":1,"call":2,"kind":"Write","register":"key-0-0","value":"b"}""",
            """{"t":4,"event":"answer","client":1,"call":2,"register":"key-0-0","outcome":"answered","value":null}""",
            """{"t":5,"event":"call","node":2,"client":2,"call":3,"kind":"Read","register":"key-0-0","value":null}""",
            """{"t":6,"event":"answer","client":2,"call":3,"register":"key-0-0","outcome":"answered","value":"a"}""",
        ];
        Assert.Contains("overwritten", TraceChecker.Check(lines, out _));
        lines[5] = With(lines[5], "value", "b");
        Assert.Null(TraceChecker.Check(lines, out _));
    }

    private static void Find(string what, Action<List<string>> doctor)
    {
        var lines = Trace(6, "keys");
        Assert.Null(TraceChecker.Check(lines, out _));
        doctor(lines);
        var problem = TraceChecker.Check(lines, out _);
        Assert.NotNull(problem);
        Assert.Contains(what, problem);
    }

    private static List<string> Trace(int seed, string profile)
    {
        using var stream = new MemoryStream();
        var result = Run.Execute(seed, profile, stream);
        Assert.True(result.Failure is null, result.Failure?.ToString());
        return [.. Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static bool Is(string line, string what) => line.Contains($"\"event\":\"{what}\"", StringComparison.Ordinal);

    private static string With(string line, string field, JsonNode value)
    {
        var e = JsonNode.Parse(line)!.AsObject();
        e[field] = value;
        return e.ToJsonString();
    }
}
