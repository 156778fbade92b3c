using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using TokMesh.Gateway.Requests;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

/// <summary>The API's description is of what is there.</summary>
[Collection(GatewayCollection.Name)]
public sealed class DescriptionTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    /// <summary>Every route of the front end; the exporter's answers are no JSON.</summary>
    private IEnumerable<RouteEndpoint> Routes => _gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(static e => e.Metadata.GetMetadata<OperationTraits>() is { IsPage: false } && e.RoutePattern.RawText is { } path && !path.Contains("**", StringComparison.Ordinal));

    [Fact]
    public async Task Every_route_is_described_with_its_parameters_its_body_and_who_may()
    {
        var paths = (await DocumentAsync()).GetProperty("paths");
        var described = paths.EnumerateObject().SelectMany(static p => p.Value.EnumerateObject().Select(o => $"{o.Name} {p.Name}")).Order(StringComparer.Ordinal).ToArray();
        var mapped = Routes.SelectMany(static e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Where(static m => m != "HEAD")
            .Select(m => $"{m.ToLowerInvariant()} {e.RoutePattern.RawText}")).Where(static r => r != "get /metrics").Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(mapped, described);
        Assert.Equal(19, described.Length);
        foreach (var path in paths.EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                Assert.False(string.IsNullOrEmpty(operation.Value.GetProperty("summary").GetString()), path.Name);
                Assert.True(operation.Value.GetProperty("responses").TryGetProperty("default", out _));
                Assert.Equal(path.Name is not ("/health" or "/ready"), operation.Value.TryGetProperty("security", out _));
                foreach (var name in path.Name.Split('{').Skip(1).Select(static p => p.Split('}')[0]))
                    Assert.Contains(operation.Value.GetProperty("parameters").EnumerateArray(), p => p.GetProperty("name").GetString() == name && p.GetProperty("in").GetString() == "path");
            }
        }
        var search = paths.GetProperty("/sessions").GetProperty("get").GetProperty("parameters").EnumerateArray().Select(static p => p.GetProperty("name").GetString());
        Assert.Contains("time_range_start", search);
        Assert.Equal(["user_id", "device_id", "ttl_seconds", "data", "token"], Fields(await DocumentAsync(), Schema(paths.GetProperty("/sessions").GetProperty("post").GetProperty("requestBody"))));
    }

    public static TheoryData<string, string, string?> Answers => new()
    {
        { "POST", "/sessions", """{"user_id":"described","data":{"a":"b"}}""" },
        { "GET", "/sessions", null },
        { "GET", "/cluster/status", null },
        { "GET", "/cluster/members", null },
        { "GET", "/cluster/shards", null },
        { "GET", "/health", null },
        { "GET", "/ready", null },
        { "GET", "/admin/v1/keys", null },
        { "POST", "/admin/v1/keys", """{"role":"validator"}""" },
        { "POST", "/keys/{key}", """{"value":"x"}""" },
        { "GET", "/keys/{key}", null },
        { "POST", "/keys/{key}/delete", null },
        { "POST", "/users/{user_id}/sessions/revoke", null },
        { "POST", "/tokens/validate", """{"token":"TOKEN"}""" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task An_answer_has_the_fields_that_the_description_gives_it(string method, string path, string? body)
    {
        var (_, token) = await _gateway.CreateAsync("described");
        (await _gateway.PostAsync("/keys/described", _gateway.Admin, """{"value":"x"}""")).IsOk();
        var answer = await _gateway.SendAsync(method, path.Replace("{key}", "described", StringComparison.Ordinal).Replace("{user_id}", "nobody", StringComparison.Ordinal),
            _gateway.Admin, body?.Replace("TOKEN", token, StringComparison.Ordinal));
        Assert.InRange(answer.Status, 200, 201);
        var document = await DocumentAsync();
        var response = document.GetProperty("paths").GetProperty(path).GetProperty(method.ToLowerInvariant()).GetProperty("responses").GetProperty(answer.Status == 201 ? "201" : "200");
        using var sent = JsonDocument.Parse(answer.Text);
        Fits(document, Schema(response), sent.RootElement, path);
    }

    [Fact]
    public async Task A_route_answers_other_methods_in_the_envelope()
    {
        foreach (var path in Routes.Select(static e => e.RoutePattern.RawText!).Distinct())
            (await _gateway.SendAsync("DELETE", path, _gateway.Admin, null)).Is(405, "TM-SYS-4000");
    }

    [Fact]
    public async Task The_page_comes_from_this_server_alone()
    {
        var page = await _gateway.Http.GetStringAsync(new Uri("/docs", UriKind.Relative));
        Assert.Contains("TokMesh", page, StringComparison.Ordinal);
        Assert.Contains("openapi/tokmesh.json", page, StringComparison.Ordinal);
        var scripts = System.Text.RegularExpressions.Regex.Matches(page, "src=\"([^\"]+)\"").Select(static m => m.Groups[1].Value).ToArray();
        Assert.NotEmpty(scripts);
        foreach (var script in scripts) Assert.True((await _gateway.Http.GetAsync(new Uri(new Uri(_gateway.Address, "/docs/"), script))).IsSuccessStatusCode, script);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
    }

    private async Task<JsonElement> DocumentAsync() => JsonDocument.Parse(await _gateway.Http.GetStringAsync(new Uri("/openapi/tokmesh.json", UriKind.Relative))).RootElement;

    private static JsonElement Schema(JsonElement of) => of.GetProperty("content").GetProperty("application/json").GetProperty("schema");

    private static JsonElement Resolved(JsonElement document, JsonElement schema)
    {
        if (schema.TryGetProperty("oneOf", out var some)) schema = some.EnumerateArray().First(static s => s.TryGetProperty("$ref", out _));
        return schema.TryGetProperty("$ref", out var reference) ? document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]) : schema;
    }

    private static string[] Fields(JsonElement document, JsonElement schema) => [.. Resolved(document, schema).GetProperty("properties").EnumerateObject().Select(static p => p.Name)];

    /// <summary>Every field that was sent is described, and what it holds is of its type, all the way down.</summary>
    private static void Fits(JsonElement document, JsonElement schema, JsonElement sent, string where)
    {
        schema = Resolved(document, schema);
        if (sent.ValueKind == JsonValueKind.Null) return;
        var types = schema.TryGetProperty("type", out var type) ? type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(static t => t.GetString())] : [type.GetString()] : Array.Empty<string?>();
        Assert.Contains(sent.ValueKind switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Number => types.Contains("integer") ? "integer" : "number",
            _ => "boolean",
        }, types);
        if (sent.ValueKind == JsonValueKind.Array)
            foreach (var item in sent.EnumerateArray()) Fits(document, schema.GetProperty("items"), item, where + "[]");
        if (sent.ValueKind != JsonValueKind.Object) return;
        foreach (var field in sent.EnumerateObject())
        {
            if (schema.TryGetProperty("additionalProperties", out var any)) Fits(document, any, field.Value, $"{where}.{field.Name}");
            else
            {
                Assert.True(schema.GetProperty("properties").TryGetProperty(field.Name, out var known), $"{where}.{field.Name} is sent and not described.");
                Fits(document, known, field.Value, $"{where}.{field.Name}");
            }
        }
    }
}
