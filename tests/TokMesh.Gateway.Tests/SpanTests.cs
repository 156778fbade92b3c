using System.Collections.Concurrent;
using System.Diagnostics;
using TokMesh.Cluster.Calls;
using TokMesh.Gateway.Requests;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

/// <summary>Spans of requests and of the calls below them, as a listener such as OpenTelemetry gets them.</summary>
[Collection(GatewayCollection.Name)]
public sealed class SpanTests(SharedGateway shared) : IDisposable
{
    private readonly TestGateway _gateway = shared.Gateway;
    private readonly ConcurrentQueue<Activity> _ended = new();
    private ActivityListener? _listener;

    public void Dispose() => _listener?.Dispose();

    [Fact]
    public async Task A_request_is_below_its_callers_span_and_its_calls_are_below_it()
    {
        Listen();
        var caller = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        var answer = await _gateway.PostAsync("/users/not%2Da%20secret/sessions/revoke", _gateway.Issuer, null, ("traceparent", $"00-{caller.TraceId}-{caller.SpanId}-01"));
        answer.IsOk();
        var request = await EndedAsync(caller.TraceId, RequestSpan.SourceName);
        Assert.Equal(("POST /users/{user_id}/sessions/revoke", caller.SpanId, ActivityKind.Server), (request.DisplayName, request.ParentSpanId, request.Kind));
        Assert.Equal(200, request.GetTagItem("http.response.status_code"));
        Assert.Equal(answer.Header("X-Request-ID"), request.GetTagItem("tokmesh.request_id"));
        var call = await EndedAsync(caller.TraceId, CallSpan.SourceName);
        Assert.Equal(("write", request.SpanId, "Answered"), (call.DisplayName, call.ParentSpanId, call.GetTagItem("tokmesh.outcome")));
        Assert.DoesNotContain(_ended.SelectMany(a => a.TagObjects), static t => t.Value?.ToString()?.Contains("secret", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task One_that_is_refused_has_a_span_and_one_without_a_caller_begins_a_trace()
    {
        Listen();
        var caller = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        (await _gateway.GetAsync("/cluster/status", null, ("traceparent", $"00-{caller.TraceId}-{caller.SpanId}-01"))).Is(401, "TM-AUTH-4010");
        Assert.Equal(401, (await EndedAsync(caller.TraceId, RequestSpan.SourceName)).GetTagItem("http.response.status_code"));
        var alone = await _gateway.GetAsync("/health", null, ("traceparent", "nonsense"));
        var health = await EndedAsync(a => a.GetTagItem("tokmesh.request_id") as string == alone.Header("X-Request-ID"));
        Assert.Equal(("GET /health", default(ActivitySpanId)), (health.DisplayName, health.ParentSpanId));
    }

    private void Listen()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static s => s.Name is RequestSpan.SourceName or CallSpan.SourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    private Task<Activity> EndedAsync(ActivityTraceId trace, string source) => EndedAsync(a => a.TraceId == trace && a.Source.Name == source);

    /// <summary>A client has its answer a moment before the span ends.</summary>
    private async Task<Activity> EndedAsync(Func<Activity, bool> wanted)
    {
        for (var until = DateTime.UtcNow.AddSeconds(20); DateTime.UtcNow < until; await Task.Delay(5))
            if (_ended.FirstOrDefault(wanted) is { } found) return found;
        throw new InvalidOperationException("No such span has ended.");
    }
}
