using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace TokMesh.Client;

/// <summary>One call before it is sent: can be sent any number of times.</summary>
/// <param name="Effect">What repeating can do.</param>
/// <param name="Path">Relative to an endpoint, with its query.</param>
/// <param name="Body">JSON to post; null to get.</param>
internal sealed record HttpRequestPlan(Effect Effect, string Path, ReadOnlyMemory<byte>? Body)
{
    // Every POST has a body: a request without one may be sent twice by the connection pool itself, when a kept connection
    // turns out to be closed, without asking whether the first was executed.
    private static readonly byte[] NoFields = "{}"u8.ToArray();

    public static HttpRequestPlan Get(string path) => new(Effect.None, path, null);

    public static HttpRequestPlan Post(Effect effect, string path) => new(effect, path, NoFields);

    public static HttpRequestPlan Post(Effect effect, string path, Action<Utf8JsonWriter> fields)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }
        return new HttpRequestPlan(effect, path, body.WrittenMemory);
    }

    /// <summary>A name as one segment of a path.</summary>
    /// <exception cref="TokMeshException">TM-ARG-1001: it cannot be one.</exception>
    public static string Segment(string argument, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, argument);
        TextArgument.Check(argument, name);
        // Both mean a folder in a path, also when percent-encoded, and would lead elsewhere.
        if (name is "." or "..")
            throw new TokMeshException(TokMeshErrorCode.ArgumentInvalid, $"{argument}: '.' and '..' cannot be named over HTTP.", TokMeshOutcome.Refused);
        return Uri.EscapeDataString(name);
    }

    public HttpRequestMessage ToMessage(Uri endpoint, Consistency consistency)
    {
        var message = new HttpRequestMessage(Body is null ? HttpMethod.Get : HttpMethod.Post, new Uri(endpoint, Path));
        if (Body is { } body)
        {
            message.Content = new ReadOnlyMemoryContent(body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        }
        if (consistency.Level != ConsistencyLevel.Linearizable)
        {
            message.Headers.TryAddWithoutValidation("X-TokMesh-Consistency", consistency.Level == ConsistencyLevel.Local
                ? "local"
                : string.Create(CultureInfo.InvariantCulture, $"bounded;max-ms={(long)consistency.MaxStaleness.TotalMilliseconds}"));
        }
        return message;
    }
}
