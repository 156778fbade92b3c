using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokMesh.Gateway.Requests;

namespace TokMesh.Gateway.Protection;

/// <summary>Refuses repeated requests to an operation (<see cref="AntiReplay"/>). Headers that are sent are verified in any case.</summary>
/// <param name="mayBeRequired">Whether the operation is one that the headers are asked of, when they are required.</param>
internal sealed class AntiReplayFilter(bool mayBeRequired) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var broken = http.RequestServices.GetRequiredService<AntiReplay>().Check(http.Request.Headers, Exchange.Of(http).Identity.Id, mayBeRequired);
        return broken is null ? next(context) : new(Refusal.Of(broken));
    }
}
