using Microsoft.AspNetCore.Http;
using TokMesh.Gateway.FrontEnd;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Requests;

/// <summary>
/// Around every operation: its span, and whatever it fails with becomes an answer in the envelope; the message of an exception stays inside.
/// </summary>
internal sealed class OperationFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        Exchange.Of(context.HttpContext).BeginSpan();
        try
        {
            return await next(context);
        }
        catch (Exception e) when (!context.HttpContext.Response.HasStarted)
        {
            var exchange = Exchange.Of(context.HttpContext);
            // Kestrel's own refusals of a body (too large, cut off) carry their status.
            if (e is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }) return Refusal.TooLarge(exchange.Traits.MaxBodyBytes);
            if (e is IOException) return Refusal.Of(ErrorCode.SysBadRequest, "The body could not be read.");
            GatewayLog.RequestFailed(exchange.FrontEnd.Log, exchange.RequestId, context.HttpContext.Request.Method, exchange.Route, e.GetType().Name, e.StackTrace);
            return Refusal.Of(ErrorCode.SysInternal);
        }
    }
}
