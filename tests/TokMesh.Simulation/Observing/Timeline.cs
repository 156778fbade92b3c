using System.Text;
using System.Text.Json;

namespace TokMesh.Simulation.Observing;

/// <summary>Keeps the last events of a run and shows those that matter to a failure, for people to read.</summary>
internal sealed class Timeline
{
    private const int Kept = 300_000;
    private const int Shown = 60;
    private readonly Queue<byte[]> _lines = [];

    public void Add(ReadOnlySpan<byte> line)
    {
        if (_lines.Count == Kept) _lines.Dequeue();
        _lines.Enqueue(line.ToArray());
    }

    /// <summary>The last events, and the last ones that concern the group or register of a failure.</summary>
    public string Show(uint? group, string? register)
    {
        var text = new StringBuilder();
        if (register is not null) Append(text, $"calls on {register}", e => Is(e, "register", register) || What(e) is "crash" or "start" or "fault");
        if (group is { } g)
        {
            Append(text, $"group {g}", e => IsOf(e, g));
            Append(text, $"roles and memberships of group {g}, crashes and faults",
                e => What(e) is "crash" or "start" or "fault" || (What(e) is "role" or "membership" or "truncate" or "vote" or "recovered" && IsOf(e, g)));
        }
        Append(text, "all", _ => true);
        return text.ToString();
    }

    private void Append(StringBuilder text, string what, Func<JsonElement, bool> concerns)
    {
        var lines = new Queue<string>();
        foreach (var line in _lines)
        {
            using var document = JsonDocument.Parse(line);
            if (!concerns(document.RootElement)) continue;
            if (lines.Count == Shown) lines.Dequeue();
            lines.Enqueue(Describe(document.RootElement));
        }
        text.AppendLine($"  the last {lines.Count} events: {what}");
        foreach (var line in lines) text.Append("    ").AppendLine(line);
    }

    private static string Describe(JsonElement e)
    {
        var text = new StringBuilder($"{e.GetProperty("t").GetInt64() / 1e6,11:F6} ");
        if (e.TryGetProperty("node", out var node)) text.Append($"node {node} ");
        if (e.TryGetProperty("group", out var group)) text.Append($"group {group} term {e.GetProperty("term")} ");
        text.Append(What(e));
        foreach (var field in e.EnumerateObject())
        {
            if (field.Name is "t" or "event" or "node" or "group" or "term") continue;
            if (field.Name == "entries")
            {
                var entries = field.Value.EnumerateArray().Select(x => x.GetProperty("index").GetUInt64()).ToArray();
                if (entries.Length > 0) text.Append($" entries={entries[0]}..{entries[^1]}");
            }
            else if (field.Value.ToString() is not ("0" or "False" or "[]" or "")) text.Append($" {field.Name}={field.Value}");
        }
        return text.ToString();
    }

    private static string What(JsonElement e) => e.GetProperty("event").GetString()!;

    private static bool Is(JsonElement e, string name, string value) => e.TryGetProperty(name, out var field) && field.ValueEquals(value);

    private static bool IsOf(JsonElement e, uint group) => e.TryGetProperty("group", out var field) && field.TryGetUInt32(out var g) && g == group;
}
