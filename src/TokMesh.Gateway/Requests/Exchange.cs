using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Limits;
using TokMesh.Cluster.Sessions;
using TokMesh.Gateway.FrontEnd;
using TokMesh.State.Errors;
using TokMesh.State.Sessions;

namespace TokMesh.Gateway.Requests;

/// <summary>One request and its answer. The answer is gathered first and sent once: an envelope around it.</summary>
internal sealed partial class Exchange(GatewayFrontEnd frontEnd, HttpContext http, Operation? operation)
{
    private const string JsonType = "application/json; charset=utf-8";
    private static readonly JsonEncodedText CodeName = JsonEncodedText.Encode("code");
    private static readonly JsonEncodedText MessageName = JsonEncodedText.Encode("message");
    private static readonly JsonEncodedText RequestIdName = JsonEncodedText.Encode("request_id");
    private static readonly JsonEncodedText TimestampName = JsonEncodedText.Encode("timestamp");
    private static readonly JsonEncodedText DataName = JsonEncodedText.Encode("data");
    private static readonly JsonEncodedText DetailsName = JsonEncodedText.Encode("details");
    private static readonly JsonEncodedText Success = JsonEncodedText.Encode("Success");
    private static readonly JsonEncodedText Ok = JsonEncodedText.Encode("OK");

    private ReplyBuffer? _reply;
    private int _status = StatusCodes.Status200OK;
    private string _contentType = JsonType;
    private bool _isOpen;

    public HttpContext Http => http;

    public string RequestId { get; } = Requests.RequestId.Of(http.Request.Headers[Requests.RequestId.Header]);

    /// <summary>The address that counts, as <see cref="IpBytes"/>; set by admission.</summary>
    public byte[] ClientIp { get; set; } = [];

    /// <summary>Who asks; set by admission.</summary>
    public Identity Identity { get; set; }

    /// <summary>How fresh reads must be; set by admission.</summary>
    public Consistency Consistency { get; set; }

    public long DeadlineMs { get; } = frontEnd.Node.NowMs + frontEnd.Options.DeadlineMs;

    /// <summary>The caller for the store. The user agent is looked at only by operations that keep it.</summary>
    public Caller Caller(bool withAccess = false) => withAccess
        ? new Caller(DeadlineMs, Consistency, Identity.Id, ClientIp, SessionRules.TruncateUserAgent(http.Request.Headers.UserAgent))
        : new Caller(DeadlineMs, Consistency, Identity.Id, default, default);

    /// <summary>Begins a success: the caller writes one JSON value, the data.</summary>
    public Utf8JsonWriter Begin(int status = StatusCodes.Status200OK)
    {
        var json = Start(status);
        json.WriteStartObject();
        json.WriteString(CodeName, Ok);
        json.WriteString(MessageName, Success);
        json.WriteString(RequestIdName, RequestId);
        json.WriteNumber(TimestampName, frontEnd.Clock.WallMs);
        json.WritePropertyName(DataName);
        _isOpen = true;
        return json;
    }

    /// <summary>Begins an answer that is not JSON.</summary>
    public System.Buffers.IBufferWriter<byte> BeginRaw(string contentType)
    {
        Start(StatusCodes.Status200OK);
        _contentType = contentType;
        return _reply!.Raw;
    }

    /// <summary>The operation is refused. <paramref name="details"/> writes properties into an object that is open already.</summary>
    public void Fail(ErrorCode code, string? message = null, Action<Utf8JsonWriter>? details = null) =>
        Fail(code.ToText(), HttpStatus.Of(code), string.IsNullOrEmpty(message) ? code.Message() : message, details);

    public void Fail(RuleViolation broken, Action<Utf8JsonWriter>? details = null) => Fail(broken.Code, broken.Message, details);

    /// <summary>The body is over its limit.</summary>
    public void FailTooLarge() => Fail(ErrorCode.AdminPayloadTooLarge, $"The body is larger than {operation!.MaxBodyBytes} bytes.");

    /// <summary>All places for connections are taken.</summary>
    public void FailWithoutPlace()
    {
        http.Response.Headers.RetryAfter = "1";
        Fail(ErrorCode.SysUnavailable, "this node has as many HTTP connections as it may; close some, try another node, or raise server.http.max_connections", Outcomes.NotExecuted);
    }

    /// <summary>There is no such path, or it does nothing for this method.</summary>
    public void FailUnmatched(HttpRoute route)
    {
        if (route == HttpRoute.Unmatched)
        {
            Fail(Codes.BadRequest, StatusCodes.Status404NotFound, "There is no such path.");
            return;
        }
        http.Response.Headers.Allow = route.Allow;
        Fail(Codes.BadRequest, StatusCodes.Status405MethodNotAllowed, $"This path answers {route.Allow} only.");
    }

    /// <summary>The connections of this node hold as much as they may.</summary>
    public void FailBusy()
    {
        frontEnd.Held.CountRefused();
        http.Response.Headers.RetryAfter = "1";
        Fail(ErrorCode.SysTooManyRequests, "the connections of this node hold as much memory as they may; nothing happened; try again after a moment", Outcomes.NotExecuted);
    }

    public void Fail(string code, int status, string message, Action<Utf8JsonWriter>? details = null)
    {
        var json = Start(status);
        http.Response.Headers["X-Error-Code"] = code;
        if (operation is { HasBareErrors: true }) return;
        json.WriteStartObject();
        json.WriteString(CodeName, code);
        json.WriteString(MessageName, message);
        json.WriteString(RequestIdName, RequestId);
        json.WriteNumber(TimestampName, frontEnd.Clock.WallMs);
        if (details is not null)
        {
            json.WriteStartObject(DetailsName);
            details(json);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <summary>
    /// Translates a call that did not end well; false when it did. A call that was not answered says whether it may have
    /// happened all the same.
    /// </summary>
    public bool FailIfRefused(in StoreReply reply)
    {
        if (reply.IsOk) return false;
        var outcome = reply.Verdict switch
        {
            Verdict.Unknown => Outcomes.Unknown,
            Verdict.ReplyLost => Outcomes.Executed,
            Verdict.NotExecuted => Outcomes.NotExecuted,
            _ => null,
        };
        if (reply.Error == ErrorCode.SysTooManyRequests) http.Response.Headers.RetryAfter = "1";
        Fail(reply.Error, reply.Detail, outcome);
        return true;
    }

    /// <summary>A condition on a version did not hold: the answer gives the present one, 0 when there is none. False for any other reply.</summary>
    public bool FailIfConflict(in StoreReply reply)
    {
        if (reply.Error is not (ErrorCode.KeyVersionConflict or ErrorCode.SessionVersionConflict)) return false;
        _ = ulong.TryParse(reply.Detail, NumberStyles.None, CultureInfo.InvariantCulture, out var current);
        Fail(reply.Error, null, json => json.WriteNumber("version"u8, current));
        return true;
    }

    /// <summary>Sends what was gathered.</summary>
    public async ValueTask SendAsync()
    {
        if (_reply is null) return;
        if (_isOpen) _reply.Json.WriteEndObject();
        _reply.Json.Flush();
        var body = _reply.Written;
        var response = http.Response;
        response.StatusCode = _status;
        response.Headers[Requests.RequestId.Header] = RequestId;
        response.ContentLength = body.Length;
        if (body.Length > 0) response.ContentType = _contentType;
        // Until the client has read it.
        var heldReply = Math.Max(0, body.Length - HeldBytes.FreeBytes);
        frontEnd.Held.Add(heldReply);
        try
        {
            if (body.Length > 0 && !HttpMethods.IsHead(http.Request.Method)) await response.BodyWriter.WriteAsync(body);
        }
        finally
        {
            frontEnd.Held.Return(heldReply + _heldBody);
            _heldBody = 0;
        }
        _reply.Return();
        _reply = null;
    }

    private Utf8JsonWriter Start(int status)
    {
        _status = status;
        _isOpen = false;
        _contentType = JsonType;
        if (_reply is null) _reply = ReplyBuffer.Rent();
        else _reply.Clear();
        return _reply.Json;
    }
}

/// <summary>What became of a call that was not answered, for <c>details.outcome</c>.</summary>
internal static class Outcomes
{
    public static readonly Action<Utf8JsonWriter> Unknown = static json => json.WriteString("outcome"u8, "unknown"u8);
    public static readonly Action<Utf8JsonWriter> NotExecuted = static json => json.WriteString("outcome"u8, "not_executed"u8);
    public static readonly Action<Utf8JsonWriter> Executed = static json => json.WriteString("outcome"u8, "executed"u8);
}
