using System.Text.Json;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Endpoints;

/// <summary>A22 and A23: whether the process lives, and whether it can serve.</summary>
internal sealed class HealthEndpoints(GatewayFrontEnd frontEnd, ReplicaSurvey survey)
{
    public ValueTask HealthAsync(Exchange exchange)
    {
        var json = exchange.Begin();
        json.WriteStartObject();
        // Alive all the same: a supervisor that restarts what does not answer 200 must not restart a node for what a restart does not mend.
        var codes = frontEnd.Node.Health.Own.Where(static c => c.Severity > Severity.Info).Select(static c => c.Code).Distinct().ToArray();
        json.WriteString("status"u8, codes.Length == 0 ? "healthy"u8 : "degraded"u8);
        ConditionWriter.WriteCodes(json, "codes"u8, codes);
        json.WriteNumber("timestamp"u8, frontEnd.Clock.WallMs);
        json.WriteEndObject();
        return ValueTask.CompletedTask;
    }

    public async ValueTask ReadyAsync(Exchange exchange)
    {
        var replicas = await survey.TakeAsync();
        var storage = !frontEnd.Node.LogStatus.HasFailed && survey.IsComplete(replicas);
        // A replica that was left out of its group and could not hear of it follows nobody for ever.
        var led = replicas.All(r => !r.Leader.IsNone || frontEnd.Node.Health.IsLedElsewhere(r.Group));
        var cluster = storage && led;
        var keys = frontEnd.Node.Meta is { } meta && meta.ApiKeys.Values.Any(k => k is { Role: ApiRole.Admin, Enabled: true });
        var running = !frontEnd.IsStopping();
        var reasons = Reasons(replicas, led);
        if (storage && cluster && keys && running && reasons.Count == 0)
        {
            var json = exchange.Begin();
            json.WriteStartObject();
            json.WriteString("status"u8, "ready"u8);
            WriteChecks(json);
            json.WriteEndObject();
            return;
        }
        exchange.Fail(ErrorCode.SysUnavailable, running ? "not ready" : "shutting down", WriteChecks);

        void WriteChecks(Utf8JsonWriter json)
        {
            json.WriteStartObject("checks"u8);
            json.WriteString("storage"u8, storage ? "ok"u8 : "failed"u8);
            json.WriteString("cluster"u8, cluster ? "ok"u8 : "no leader known"u8);
            json.WriteString("keys"u8, keys ? "ok"u8 : "no admin key visible"u8);
            json.WriteEndObject();
            ConditionWriter.WriteCodes(json, "reasons"u8, reasons);
        }
    }

    private List<HealthCode> Reasons(IReadOnlyList<ReplicaStatus> replicas, bool knowsLeaders)
    {
        var reasons = new SortedSet<HealthCode>(frontEnd.Node.Health.UnreadyBecause());
        if (frontEnd.Node.Meta is null) reasons.Add(HealthCode.Starting);
        var lost = frontEnd.Node.Health.Own.Any(static c => c.Code == HealthCode.MajorityLost);
        if (lost) reasons.Add(HealthCode.MajorityLost);
        else if (replicas.Count > 0 && !knowsLeaders) reasons.Add(HealthCode.NoLeader);
        return [.. reasons];
    }
}
