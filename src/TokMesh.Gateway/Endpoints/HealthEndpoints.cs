using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Replicas;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Endpoints;

/// <summary>A22 and A23: whether the process lives, and whether it can serve.</summary>
internal static class HealthEndpoints
{
    private static readonly OperationTraits Life = new() { IsOpen = true, AnswersAlways = true, IsOfLife = true };

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapRead("/health", Health).WithMetadata(Life).AllowAnonymous().WithSummary("Whether the process lives.");
        routes.MapRead("/ready", ReadyAsync).WithMetadata(Life).AllowAnonymous().WithSummary("Whether the node can serve.");
        routes.MapOtherMethods("GET, HEAD", "/health", "/ready");
    }

    private static Answer<HealthView> Health(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        // Alive all the same: a supervisor that restarts what does not answer 200 must not restart a node for what a restart does not mend.
        var codes = exchange.FrontEnd.Node.Health.Own.Where(static c => c.Severity > Severity.Info).Select(static c => c.Code.ToText()).Distinct().ToArray();
        return ApiJson.Answer(new HealthView(codes.Length == 0 ? "healthy" : "degraded", codes, exchange.FrontEnd.Clock.WallMs));
    }

    private static async ValueTask<Results<Answer<ReadyView>, Refusal>> ReadyAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        var frontEnd = exchange.FrontEnd;
        var replicas = await frontEnd.Survey.TakeAsync();
        var storage = !frontEnd.Node.LogStatus.HasFailed && frontEnd.Survey.IsComplete(replicas);
        // A replica that was left out of its group and could not hear of it follows nobody for ever.
        var led = replicas.All(r => !r.Leader.IsNone || frontEnd.Node.Health.IsLedElsewhere(r.Group));
        var cluster = storage && led;
        var keys = frontEnd.Node.Meta is { } meta && meta.ApiKeys.Values.Any(k => k is { Role: ApiRole.Admin, Enabled: true });
        var running = !frontEnd.IsStopping();
        var reasons = Reasons(frontEnd, replicas, led);
        var checks = new ReadyChecks(storage ? "ok" : "failed", cluster ? "ok" : "no leader known", keys ? "ok" : "no admin key visible");
        if (cluster && keys && running && reasons.Length == 0) return ApiJson.Answer(new ReadyView("ready", checks, reasons));
        return Refusal.Of(ErrorCode.SysUnavailable, running ? "not ready" : "shutting down", json =>
        {
            json.WritePropertyName("checks"u8);
            JsonSerializer.Serialize(json, checks, ApiJson.Default.ReadyChecks);
            json.WritePropertyName("reasons"u8);
            JsonSerializer.Serialize(json, reasons, ApiJson.Default.StringArray);
        });
    }

    private static string[] Reasons(GatewayFrontEnd frontEnd, IReadOnlyList<ReplicaStatus> replicas, bool knowsLeaders)
    {
        var reasons = new SortedSet<HealthCode>(frontEnd.Node.Health.UnreadyBecause());
        if (frontEnd.Node.Meta is null) reasons.Add(HealthCode.Starting);
        var lost = frontEnd.Node.Health.Own.Any(static c => c.Code == HealthCode.MajorityLost);
        if (lost) reasons.Add(HealthCode.MajorityLost);
        else if (replicas.Count > 0 && !knowsLeaders) reasons.Add(HealthCode.NoLeader);
        return [.. reasons.Select(static r => r.ToText())];
    }
}

/// <summary>Whether the process lives, and what is wrong all the same.</summary>
internal sealed record HealthView(string Status, string[] Codes, long Timestamp);

/// <summary>That the node can serve.</summary>
internal sealed record ReadyView(string Status, ReadyChecks Checks, string[] Reasons);

/// <summary>What was looked at.</summary>
internal sealed record ReadyChecks(string Storage, string Cluster, string Keys);
