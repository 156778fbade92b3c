using System.Text.Json;
using TokMesh.Cluster;
using TokMesh.Raft;
using TokMesh.State;

namespace TokMesh.Gateway;

/// <summary>A22 and A23: whether the process lives, and whether it can serve.</summary>
internal sealed class HealthEndpoints(GatewayDoor door, ReplicaSurvey survey)
{
    public ValueTask HealthAsync(Exchange exchange)
    {
        var json = exchange.Begin();
        json.WriteStartObject();
        json.WriteString("status"u8, "healthy"u8);
        json.WriteNumber("timestamp"u8, door.Clock.WallMs);
        json.WriteEndObject();
        return ValueTask.CompletedTask;
    }

    public async ValueTask ReadyAsync(Exchange exchange)
    {
        var replicas = await survey.TakeAsync();
        var storage = !door.Node.LogStatus.HasFailed && survey.IsComplete(replicas);
        var cluster = storage && replicas.All(r => !r.Leader.IsNone);
        var keys = door.Node.Meta is { } meta && meta.ApiKeys.Values.Any(k => k is { Role: ApiRole.Admin, Enabled: true });
        var running = !door.IsStopping();
        if (storage && cluster && keys && running)
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
        }
    }
}
