using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using TokMesh.Cluster.Calls;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Protection;

/// <summary>Reads <c>X-TokMesh-Consistency</c>: how fresh an answer must be.</summary>
internal sealed class ConsistencyHeader : IEndpointFilter
{
    public const string Name = "X-TokMesh-Consistency";
    public const string Allowed = Name + ": must be 'linearizable', 'bounded;max-ms=<1 to 3600000>' or 'local'";
    private const string Bounded = "bounded;max-ms=";
    private const int MaxMs = 3_600_000;

    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (!TryRead(context.HttpContext.Request.Headers[Name], out var consistency)) return new(Refusal.Of(ErrorCode.ArgumentInvalid, Allowed));
        Exchange.Of(context.HttpContext).Consistency = consistency;
        return next(context);
    }

    private static bool TryRead(StringValues sent, out Consistency consistency)
    {
        consistency = Consistency.Linearizable;
        if (sent.Count == 0) return true;
        if (sent is not [{ } text]) return false;
        switch (text)
        {
            case "linearizable":
                return true;
            case "local":
                consistency = new Consistency(ConsistencyLevel.Local);
                return true;
        }
        if (!text.StartsWith(Bounded, StringComparison.Ordinal)
            || !int.TryParse(text.AsSpan(Bounded.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
            || ms is < 1 or > MaxMs) return false;
        consistency = new Consistency(ConsistencyLevel.Bounded, ms);
        return true;
    }
}
