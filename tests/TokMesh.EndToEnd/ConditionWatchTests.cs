using System.Text.Json;
using TokMesh.Launcher;

namespace TokMesh.EndToEnd;

/// <summary>What <c>./tokmesh up</c> says of what is wrong.</summary>
public sealed class ConditionWatchTests
{
    private readonly List<string> _said = [];

    [Fact]
    public void Each_condition_is_said_once_when_it_comes_and_once_when_it_is_over()
    {
        using var watch = new ConditionWatch("", _said.Add);
        watch.Compare(Status(("TM-HLTH-1001", "warning", 2, "Node b gives no sign of life."), ("TM-HLTH-1004", "info", 1, "Node a starts.")));
        watch.Compare(Status(("TM-HLTH-1001", "warning", 2, "Node b gives no sign of life."), ("TM-HLTH-1001", "warning", 3, "Node c gives no sign of life."), ("TM-HLTH-2003", "critical", 0, "257 groups")));
        watch.Compare(Status(("TM-HLTH-1001", "warning", 3, "Node c gives no sign of life."), ("TM-HLTH-2003", "critical", 0, "170 groups")));
        watch.Compare(Status());
        Assert.Equal(
        [
            "TM-HLTH-1001 (warning): Node b gives no sign of life.",
            "TM-HLTH-1001 (warning): Node c gives no sign of life.",
            "TM-HLTH-2003 (critical): 257 groups",
            "TM-HLTH-1001 is over: Node b gives no sign of life.",
            "TM-HLTH-1001 is over: Node c gives no sign of life.",
            "TM-HLTH-2003 is over: 170 groups",
        ], _said);
    }

    [Fact]
    public async Task Nobody_who_answers_is_nothing_to_say()
    {
        using var watch = new ConditionWatch("key", _said.Add);
        await watch.LookAsync([$"127.0.0.1:{FreePort.Next()}"]);
        Assert.Empty(_said);
    }

    private static JsonElement Status(params (string Code, string Severity, int Node, string Text)[] conditions)
    {
        var json = JsonSerializer.Serialize(new
        {
            conditions = conditions.Select(c => new { code = c.Code, severity = c.Severity, node = c.Node == 0 ? null : new { number = c.Node }, text = c.Text }),
        });
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
