using System.Text.Json;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Raft.Log;

namespace TokMesh.Gateway.Endpoints;

/// <summary>Writes what is wrong as JSON.</summary>
internal static class ConditionWriter
{
    /// <summary>As <c>conditions</c>: what all nodes together say.</summary>
    public static void WriteConditions(Utf8JsonWriter json, ClusterHealth health, Func<MemberId, string> nodeIdOf)
    {
        json.WriteStartArray("conditions"u8);
        foreach (var (condition, reportedBy) in health.Conditions)
        {
            json.WriteStartObject();
            json.WriteString("code"u8, condition.Code.ToText());
            json.WriteString("severity"u8, Text(condition.Severity));
            if (condition.Subject.IsNone)
            {
                json.WriteNull("node"u8);
            }
            else
            {
                json.WriteStartObject("node"u8);
                json.WriteNumber("number"u8, condition.Subject.Value);
                json.WriteString("node_id"u8, nodeIdOf(condition.Subject));
                json.WriteEndObject();
            }
            json.WriteNumber("groups"u8, condition.Groups);
            json.WriteStartArray("examples"u8);
            foreach (var group in condition.Examples) json.WriteNumberValue(group);
            json.WriteEndArray();
            json.WriteString("text"u8, condition.Describe(nodeIdOf));
            json.WriteNumber("since"u8, condition.SinceMs);
            json.WriteStartArray("reported_by"u8);
            foreach (var node in reportedBy) json.WriteNumberValue(node.Value);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>As <c>reports</c>: how old what the other nodes said is.</summary>
    public static void WriteReports(Utf8JsonWriter json, ClusterHealth health)
    {
        json.WriteStartArray("reports"u8);
        foreach (var report in health.Reports)
        {
            json.WriteStartObject();
            json.WriteNumber("number"u8, report.Node.Value);
            if (report.AgeMs is { } age) json.WriteNumber("age_ms"u8, age);
            else json.WriteNull("age_ms"u8);
            json.WriteBoolean("stale"u8, report.IsStale);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>Codes, as an array of this name.</summary>
    public static void WriteCodes(Utf8JsonWriter json, ReadOnlySpan<byte> name, IEnumerable<HealthCode> codes)
    {
        json.WriteStartArray(name);
        foreach (var code in codes) json.WriteStringValue(code.ToText());
        json.WriteEndArray();
    }

    /// <summary>A severity in words.</summary>
    public static string Text(Severity severity) => severity switch
    {
        Severity.Critical => "critical",
        Severity.Warning => "warning",
        _ => "info",
    };
}
