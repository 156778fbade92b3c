using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using TokMesh.State;

namespace TokMesh.Gateway;

/// <summary>The way of every request: request id, admission, the operation, the envelope, the figures.</summary>
internal sealed class Pipeline
{
    private readonly Admission _admission;

    public Pipeline(GatewayDoor door)
    {
        Door = door;
        _admission = new Admission(door, Meter, Usage);
    }

    public GatewayDoor Door { get; }

    public DoorMeter Meter { get; } = new();

    public KeyUsage Usage { get; } = new();

    /// <summary>Whether the request may reach the operation; if not, the exchange has been failed.</summary>
    public bool Admits(Exchange exchange, Operation operation) => _admission.Admit(exchange, operation);

    public async Task RunAsync(HttpContext http, Route route)
    {
        var started = Stopwatch.GetTimestamp();
        var method = http.Request.Method;
        var operation = HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? route.Get : HttpMethods.IsPost(method) ? route.Post : null;
        var exchange = new Exchange(Door, http, operation);
        try
        {
            if (http.Features.Get<LifeOnly>() is { } place)
            {
                http.Response.Headers.Connection = "close";
                if (operation is { AnswersAlways: true }) await operation.RunAsync(exchange);
                else
                {
                    place.Limit.CountRefused();
                    http.Response.Headers.RetryAfter = "1";
                    exchange.Fail(ErrorCode.SysUnavailable, "this node has as many HTTP connections as it may; close some, try another node, or raise server.http.max_connections", Outcomes.NotExecuted);
                }
            }
            else if (operation is not null)
            {
                if (!operation.AnswersAlways && Door.Held.IsFull) exchange.FailBusy();
                else if (Admits(exchange, operation)) await operation.RunAsync(exchange);
            }
            else if (route == Route.Unmatched)
            {
                exchange.Fail("TM-SYS-4000", StatusCodes.Status404NotFound, "There is no such path.");
            }
            else
            {
                http.Response.Headers.Allow = route.Allow;
                exchange.Fail("TM-SYS-4000", StatusCodes.Status405MethodNotAllowed, $"This path answers {route.Allow} only.");
            }
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            // Kestrel's own refusals of a body (too large, cut off) carry their status.
            if (e is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }) exchange.FailTooLarge();
            else if (e is IOException) exchange.Fail(ErrorCode.SysBadRequest, "The body could not be read.");
            else
            {
                GatewayLog.RequestFailed(Door.Log, exchange.RequestId, operation is null ? "-" : method, route.Template, e.GetType().Name, e.StackTrace);
                exchange.Fail(ErrorCode.SysInternal);
            }
        }
        await exchange.SendAsync();
        route.Meter.Record(method, http.Response.StatusCode, Stopwatch.GetElapsedTime(started));
    }
}
