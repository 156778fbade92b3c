using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Limits;
using TokMesh.Cluster.Sessions;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Json;
using TokMesh.Gateway.Metering;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Sessions;

namespace TokMesh.Gateway.Requests;

/// <summary>One request, from the moment somebody first asks for it: who calls, what it may hold, and how it is answered.</summary>
internal sealed partial class Exchange(GatewayFrontEnd frontEnd, GatewayMetrics metrics, HttpContext http)
{
    /// <summary>The path that metrics and logs name where no route was found.</summary>
    public const string Unmatched = "unmatched";

    private const string JsonType = "application/json; charset=utf-8";
    private static readonly object Key = new();
    private static readonly OperationTraits NoTraits = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _heldBytes;
    private Activity? _span;

    public GatewayFrontEnd FrontEnd => frontEnd;

    public GatewayMetrics Metrics => metrics;

    public HttpContext Http => http;

    public OperationTraits Traits { get; } = http.GetEndpoint()?.Metadata.GetMetadata<OperationTraits>() ?? NoTraits;

    public string RequestId { get; } = Requests.RequestId.Of(http.Request.Headers[Requests.RequestId.Header]);

    /// <summary>The template of the route, for metrics and logs: a path itself may have a user's id in it.</summary>
    public string Route => (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? Unmatched;

    /// <summary>The address that counts, as <see cref="IpBytes"/>; set by authentication.</summary>
    public byte[] ClientIp { get; set; } = [];

    /// <summary>Who asks; set by authentication.</summary>
    public Identity Identity { get; set; }

    /// <summary>How one who is not known is asked for a key.</summary>
    public string Challenge { get; set; } = "Bearer realm=\"tokmesh\"";

    /// <summary>Why the request may not reach its operation; set by authentication and authorization.</summary>
    public Refusal? Refusal { get; set; }

    /// <summary>How fresh reads must be.</summary>
    public Consistency Consistency { get; set; } = Consistency.Linearizable;

    public long DeadlineMs { get; } = frontEnd.Node.NowMs + frontEnd.Options.DeadlineMs;

    /// <summary>The one of this request.</summary>
    public static Exchange Of(HttpContext http)
    {
        if (http.Items.TryGetValue(Key, out var known)) return (Exchange)known!;
        var services = http.RequestServices;
        var made = new Exchange(services.GetRequiredService<GatewayFrontEnd>(), services.GetRequiredService<GatewayMetrics>(), http);
        http.Items[Key] = made;
        return made;
    }

    /// <summary>The caller for the store. The user agent is looked at only by operations that keep it.</summary>
    public Caller Caller(bool withAccess = false) => withAccess
        ? new Caller(DeadlineMs, Consistency, Identity.Id, ClientIp, SessionRules.TruncateUserAgent(http.Request.Headers.UserAgent))
        : new Caller(DeadlineMs, Consistency, Identity.Id, default, default);

    /// <summary>Counts what the request holds; false when all connections together hold too much. Given back with the answer.</summary>
    public bool TryHold(long bytes)
    {
        var more = Math.Max(0, bytes - HeldBytes.FreeBytes) - _heldBytes;
        if (more <= 0) return true;
        if (!frontEnd.Held.TryTake(more)) return false;
        _heldBytes += more;
        return true;
    }

    /// <summary>
    /// The decoded bytes of a path segment, counted from the end. Taken from the request as it was sent, because the server's own
    /// decoding leaves <c>%2F</c> as it is, which cannot be told from an encoded percent sign afterwards.
    /// </summary>
    /// <returns>Null when the path is written in a way that does not allow it.</returns>
    public RuleViolation? ReadPath(int fromEnd, out byte[] bytes)
    {
        var segments = PathSegments.Of(http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        // Dot segments were taken out before routing: what was routed would not be what is read here.
        if (segments.Count == PathSegments.Of(http.Request.PathBase + http.Request.Path).Count && PathSegments.TryDecode(segments.FromEnd(fromEnd), out bytes)) return null;
        bytes = [];
        return new(ErrorCode.ArgumentInvalid, "path: percent-encode every character of the name that is not a letter, a digit, '-', '_', '.' or '~'");
    }

    /// <summary>The session id in the path; a broken rule when it is not one.</summary>
    public RuleViolation? ReadSessionId(int fromEnd, out SessionId id)
    {
        id = default;
        if (ReadPath(fromEnd, out var bytes) is { } broken) return broken;
        return SessionId.TryParse(bytes, out id) ? null : new(ErrorCode.ArgumentInvalid, "session_id: not a session id (tmss- and 26 characters)");
    }

    /// <summary>The query, with the parameters that the endpoint's <see cref="QueryParameters"/> name and no others.</summary>
    public QueryReader ReadQuery() => new(http.Request.QueryString.Value, http.GetEndpoint()?.Metadata.GetMetadata<QueryParameters>()?.Names ?? []);

    /// <summary>Gathers the answer and sends it with its length, in one write.</summary>
    public async Task SendAsync(ApiResult result)
    {
        var reply = ReplyBuffer.Rent();
        result.Write(this, reply.Json);
        reply.Json.Flush();
        var body = reply.Written;
        var response = http.Response;
        response.StatusCode = result.Status;
        response.Headers[Requests.RequestId.Header] = RequestId;
        response.ContentLength = body.Length;
        if (body.Length > 0) response.ContentType = JsonType;
        // Until the client has read it.
        var heldReply = Math.Max(0, body.Length - HeldBytes.FreeBytes);
        frontEnd.Held.Add(heldReply);
        try
        {
            if (body.Length > 0 && !HttpMethods.IsHead(http.Request.Method)) await response.BodyWriter.WriteAsync(body);
        }
        finally
        {
            frontEnd.Held.Return(heldReply + _heldBytes);
            _heldBytes = 0;
        }
        reply.Return();
        Answered();
    }

    /// <summary>Answers with what another program writes.</summary>
    public async Task SendAsync(RequestDelegate body)
    {
        http.Response.Headers[Requests.RequestId.Header] = RequestId;
        await body(http);
        Answered();
    }

    /// <summary>Begins the request's span (<see cref="RequestSpan"/>); what is called from here on is below it.</summary>
    public void BeginSpan() => _span = RequestSpan.Start(this, Stopwatch.GetElapsedTime(_started));

    private void Answered()
    {
        // One that did not get as far as its operation has a span, too.
        if (_span is null) BeginSpan();
        RequestSpan.End(_span, http.Response.StatusCode);
        metrics.Answered(http.Request.Method, Route, http.Response.StatusCode, Stopwatch.GetElapsedTime(_started));
    }
}
