using System.Text.Json;

namespace TokMesh.TestKit.Http;

/// <summary>A response whose envelope has been checked.</summary>
public sealed class Answer
{
    private readonly Dictionary<string, string> _headers = new(StringComparer.OrdinalIgnoreCase);

    public int Status { get; private init; }

    public string Text { get; private init; } = "";

    public JsonElement Json { get; private init; }

    public string Code => Json.GetProperty("code").GetString()!;

    public string Message => Json.GetProperty("message").GetString()!;

    public JsonElement Data => Json.GetProperty("data");

    public JsonElement Details => Json.GetProperty("details");

    public string? Header(string name) => _headers.GetValueOrDefault(name);

    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        var isJson = response.Content.Headers.ContentType?.MediaType == "application/json" && text.Length > 0;
        var answer = new Answer
        {
            Status = (int)response.StatusCode,
            Text = text,
            Json = isJson ? JsonDocument.Parse(text).RootElement : default,
        };
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers)) answer._headers[name] = string.Join(",", values);
        if (isJson) answer.CheckEnvelope();
        return answer;
    }

    /// <summary>Asserts status and code.</summary>
    public Answer Is(int status, string code)
    {
        Assert.Equal((status, code), (Status, Code));
        return this;
    }

    /// <summary>Asserts success and gives the data.</summary>
    public JsonElement IsOk(int status = 200)
    {
        Is(status, "OK");
        return Data;
    }

    private void CheckEnvelope()
    {
        Assert.NotEmpty(Message);
        Assert.NotNull(Header("Date"));
        Assert.NotEmpty(Header("X-Request-ID")!);
        Assert.Equal(Header("X-Request-ID"), Json.GetProperty("request_id").GetString());
        Assert.InRange(Json.GetProperty("timestamp").GetInt64(), 1_700_000_000_000, 5_000_000_000_000);
        var names = Json.EnumerateObject().Select(p => p.Name).ToArray();
        if (Code == "OK")
        {
            Assert.Null(Header("X-Error-Code"));
            Assert.Equal(["code", "message", "request_id", "timestamp", "data"], names);
        }
        else
        {
            Assert.Equal(Code, Header("X-Error-Code"));
            Assert.DoesNotContain("data", names);
        }
    }
}
