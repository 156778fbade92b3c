using System.Net;
using System.Text.Json;

namespace TokMesh.Client;

/// <summary>A server's answer in its envelope, read as far as every call needs it. Valid while its document is.</summary>
internal readonly struct HttpAnswer
{
    private const string Ok = "OK";
    private readonly JsonElement _envelope;

    private HttpAnswer(int status, JsonElement envelope, string code, TimeSpan? retryAfter)
    {
        Status = status;
        _envelope = envelope;
        Code = code;
        RetryAfter = retryAfter;
    }

    public int Status { get; }

    public string Code { get; }

    public bool IsOk => Code == Ok;

    /// <summary>How long a rate limit or a full queue asks to wait. Other refusals are taken to the next node at once.</summary>
    public TimeSpan? RetryAfter { get; }

    public JsonElement Data => _envelope.GetProperty("data");

    public JsonElement Details => _envelope.GetProperty("details");

    /// <summary>False when it is not an answer of TokMesh: a proxy's, for instance.</summary>
    public static bool TryRead(HttpResponseMessage response, JsonDocument body, out HttpAnswer answer)
    {
        answer = default;
        var root = body.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("code", out var code) || code.ValueKind != JsonValueKind.String) return false;
        var text = code.GetString()!;
        if (response.IsSuccessStatusCode != (text == Ok) || (text == Ok && !root.TryGetProperty("data", out _))) return false;
        var retryAfter = response.StatusCode == HttpStatusCode.TooManyRequests ? response.Headers.RetryAfter?.Delta : null;
        answer = new HttpAnswer((int)response.StatusCode, root, text, retryAfter);
        return true;
    }

    /// <summary>The exception for an answer that the call did not expect.</summary>
    public TokMeshException ToException()
    {
        var message = _envelope.TryGetProperty("message", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : $"status {Status}";
        return new TokMeshException(Code, message, Outcome());
    }

    private TokMeshOutcome Outcome()
    {
        if (_envelope.TryGetProperty("details", out var details) && details.ValueKind == JsonValueKind.Object
            && details.TryGetProperty("outcome", out var outcome) && outcome.ValueKind == JsonValueKind.String)
        {
            // "executed" too: it happened, but what it gave is no longer known.
            return outcome.ValueEquals("not_executed"u8) ? TokMeshOutcome.NotExecuted : TokMeshOutcome.Unknown;
        }
        if (Code == TokMeshErrorCode.TooManyRequests) return TokMeshOutcome.NotExecuted;
        return Status < 500 ? TokMeshOutcome.Refused : TokMeshOutcome.Unknown;
    }
}
