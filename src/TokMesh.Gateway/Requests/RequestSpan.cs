using System.Diagnostics;

namespace TokMesh.Gateway.Requests;

/// <summary>
/// A span for each request, from the source <see cref="SourceName"/>, below the caller's (W3C Trace Context). The framework's own span names the
/// path, in which users' ids and names of keys stand; this one names the route.
/// </summary>
internal static class RequestSpan
{
    /// <summary>The source's name.</summary>
    public const string SourceName = "TokMesh.Gateway";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins it at the time the request began, as the current one; null when nobody listens.</summary>
    public static Activity? Start(Exchange exchange, TimeSpan elapsed)
    {
        if (!Source.HasListeners()) return null;
        var request = exchange.Http.Request;
        ActivityContext.TryParse(request.Headers.TraceParent, request.Headers.TraceState, isRemote: true, out var caller);
        // Whatever the server has begun for the request is nobody's parent, since it is not shown.
        Activity.Current = null;
        var method = request.Method is "GET" or "HEAD" or "POST" ? request.Method : "_OTHER";
        return Source.StartActivity($"{method} {exchange.Route}", ActivityKind.Server, caller,
            [new("http.request.method", method), new("http.route", exchange.Route), new("tokmesh.request_id", exchange.RequestId)], startTime: DateTimeOffset.UtcNow - elapsed);
    }

    /// <summary>The request has been answered.</summary>
    public static void End(Activity? span, int status)
    {
        if (span is null) return;
        span.SetTag("http.response.status_code", status);
        if (status >= 500) span.SetStatus(ActivityStatusCode.Error);
        span.Dispose();
    }
}
