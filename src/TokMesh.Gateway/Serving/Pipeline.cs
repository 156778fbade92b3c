using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Metering;
using TokMesh.Gateway.Protection;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Serving;

/// <summary>The way of every request: request id, admission, the operation, the envelope, the figures.</summary>
internal sealed class Pipeline
{
    private readonly Admission _admission;

    public Pipeline(GatewayFrontEnd frontEnd)
    {
        FrontEnd = frontEnd;
        _admission = new Admission(frontEnd, Meter, Usage);
    }

    public GatewayFrontEnd FrontEnd { get; }

    public GatewayMeter Meter { get; } = new();

    public KeyUsage Usage { get; } = new();

    /// <summary>Whether the request may reach the operation its route has for it; if not, the exchange has been failed.</summary>
    public bool Admits(Exchange exchange, HttpRoute route, [NotNullWhen(true)] Operation? operation)
    {
        if (exchange.Http.Features.Get<LifeOnly>() is { } place)
        {
            exchange.Http.Response.Headers.Connection = "close";
            if (operation is { IsOfLife: true }) return true;
            place.Limit.CountRefused();
            exchange.FailWithoutPlace();
            return false;
        }
        if (operation is null)
        {
            exchange.FailUnmatched(route);
            return false;
        }
        if (!operation.AnswersAlways && FrontEnd.Held.IsFull)
        {
            exchange.FailBusy();
            return false;
        }
        return _admission.Admit(exchange, operation);
    }

    public async Task RunAsync(HttpContext http, HttpRoute route)
    {
        var started = Stopwatch.GetTimestamp();
        var method = http.Request.Method;
        var operation = route.For(method);
        var exchange = new Exchange(FrontEnd, http, operation);
        try
        {
            if (Admits(exchange, route, operation)) await operation.RunAsync(exchange);
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            // Kestrel's own refusals of a body (too large, cut off) carry their status.
            if (e is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }) exchange.FailTooLarge();
            else if (e is IOException) exchange.Fail(ErrorCode.SysBadRequest, "The body could not be read.");
            else
            {
                GatewayLog.RequestFailed(FrontEnd.Log, exchange.RequestId, operation is null ? "-" : method, route.Template, e.GetType().Name, e.StackTrace);
                exchange.Fail(ErrorCode.SysInternal);
            }
        }
        await exchange.SendAsync();
        route.Meter.Record(method, http.Response.StatusCode, Stopwatch.GetElapsedTime(started));
    }
}
