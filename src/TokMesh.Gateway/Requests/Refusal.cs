using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Errors;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Requests;

/// <summary>The operation is refused, or has failed: a code, a message, and what there is to know besides.</summary>
/// <param name="code">One of <see cref="Codes"/>.</param>
/// <param name="status">HTTP's.</param>
/// <param name="message">What was wrong and what is allowed.</param>
/// <param name="details">Writes properties into an object that is open already; null for none.</param>
internal sealed class Refusal(string code, int status, string message, Action<Utf8JsonWriter>? details = null) : ApiResult(status)
{
    private static readonly JsonEncodedText DetailsName = JsonEncodedText.Encode("details");
    private static readonly Action<IHeaderDictionary> RetrySoon = static h => h.RetryAfter = "1";

    private Refusal(ErrorCode code, string? message, Action<Utf8JsonWriter>? details)
        : this(code.ToText(), HttpStatus.Of(code), string.IsNullOrEmpty(message) ? code.Message() : message, details)
    {
    }

    /// <summary>Headers that go with it.</summary>
    public Action<IHeaderDictionary>? Headers { get; init; }

    public static Refusal Of(ErrorCode code, string? message = null, Action<Utf8JsonWriter>? details = null, Action<IHeaderDictionary>? headers = null) =>
        new(code, message, details) { Headers = headers };

    public static Refusal Of(RuleViolation broken) => Of(broken.Code, broken.Message);

    /// <summary>
    /// Translates a call that did not end well; null when it did. A call that was not answered says whether it may have
    /// happened all the same.
    /// </summary>
    public static Refusal? Of(in StoreReply reply)
    {
        if (reply.IsOk) return null;
        var outcome = reply.Verdict switch
        {
            Verdict.Unknown => Outcomes.Unknown,
            Verdict.ReplyLost => Outcomes.Executed,
            Verdict.NotExecuted => Outcomes.NotExecuted,
            _ => null,
        };
        return Of(reply.Error, reply.Detail, outcome, reply.Error == ErrorCode.SysTooManyRequests ? RetrySoon : null);
    }

    /// <summary>As <see cref="Of(in StoreReply)"/>; where a condition on a version did not hold, the answer gives the present one, 0 when there is none.</summary>
    public static Refusal? OfConditional(in StoreReply reply)
    {
        if (reply.Error is not (ErrorCode.KeyVersionConflict or ErrorCode.SessionVersionConflict)) return Of(reply);
        _ = ulong.TryParse(reply.Detail, NumberStyles.None, CultureInfo.InvariantCulture, out var current);
        return Of(reply.Error, null, json => json.WriteNumber("version"u8, current));
    }

    /// <summary>The body is over its limit.</summary>
    public static Refusal TooLarge(long limit) => Of(ErrorCode.AdminPayloadTooLarge, $"The body is larger than {limit} bytes.");

    /// <summary>The connections of this node hold as much as they may.</summary>
    public static Refusal Busy(Exchange exchange)
    {
        exchange.FrontEnd.Held.CountRefused();
        return Of(ErrorCode.SysTooManyRequests, "the connections of this node hold as much memory as they may; nothing happened; try again after a moment", Outcomes.NotExecuted, RetrySoon);
    }

    /// <summary>The connection is in a place that is kept for questions of life.</summary>
    public static Refusal WithoutPlace() => Of(ErrorCode.SysUnavailable,
        "this node has as many HTTP connections as it may; close some, try another node, or raise server.http.max_connections", Outcomes.NotExecuted, RetrySoon);

    /// <summary>There is no such path.</summary>
    public static Refusal NoSuchPath() => new(Codes.BadRequest, StatusCodes.Status404NotFound, "There is no such path.");

    /// <summary>The path does nothing for this method.</summary>
    public static Refusal NoSuchMethod(string allowed) =>
        new(Codes.BadRequest, StatusCodes.Status405MethodNotAllowed, $"This path answers {allowed} only.") { Headers = h => h.Allow = allowed };

    public override void Write(Exchange exchange, Utf8JsonWriter json)
    {
        var headers = exchange.Http.Response.Headers;
        headers["X-Error-Code"] = code;
        Headers?.Invoke(headers);
        if (exchange.Traits.HasBareErrors) return;
        json.WriteStartObject();
        json.WriteString(CodeName, code);
        json.WriteString(MessageName, message);
        json.WriteString(RequestIdName, exchange.RequestId);
        json.WriteNumber(TimestampName, exchange.FrontEnd.Clock.WallMs);
        if (details is not null)
        {
            json.WriteStartObject(DetailsName);
            details(json);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }
}

/// <summary>What became of a call that was not answered, for <c>details.outcome</c>.</summary>
internal static class Outcomes
{
    public static readonly Action<Utf8JsonWriter> Unknown = static json => json.WriteString("outcome"u8, "unknown"u8);
    public static readonly Action<Utf8JsonWriter> NotExecuted = static json => json.WriteString("outcome"u8, "not_executed"u8);
    public static readonly Action<Utf8JsonWriter> Executed = static json => json.WriteString("outcome"u8, "executed"u8);
}
