using System.Buffers;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Json;

/// <summary>Body of <c>POST /keys/{key}</c>.</summary>
internal readonly record struct SetKeyBody(string? Value, string? ValueBase64, long? TtlSeconds, ulong? IfVersion) : IRequestBody<SetKeyBody>
{
    private static readonly string[] Fields = ["value", "value_base64", "ttl_seconds", "if_version"];

    public static bool IsOptional => false;

    public static RuleViolation? TryRead(in ReadOnlySequence<byte> body, out SetKeyBody value)
    {
        value = default;
        var json = new StrictObject(body, Fields);
        while (json.Next() is var field and >= 0)
        {
            value = field switch
            {
                0 => value with { Value = json.Text() },
                1 => value with { ValueBase64 = json.Text() },
                2 => value with { TtlSeconds = json.Integer() },
                _ => value with { IfVersion = json.Unsigned() },
            };
        }
        return json.Broken;
    }
}

/// <summary>Body of <c>POST /keys/{key}/delete</c>; optional.</summary>
internal readonly record struct DeleteKeyBody(ulong? IfVersion) : IRequestBody<DeleteKeyBody>
{
    private static readonly string[] Fields = ["if_version"];

    public static bool IsOptional => true;

    public static RuleViolation? TryRead(in ReadOnlySequence<byte> body, out DeleteKeyBody value)
    {
        value = default;
        var json = new StrictObject(body, Fields, IsOptional);
        while (json.Next() >= 0) value = new DeleteKeyBody(json.Unsigned());
        return json.Broken;
    }
}

/// <summary>Body of A3.</summary>
internal readonly record struct NewApiKeyBody(string? Role, string? Name, string? Description, IReadOnlyList<string>? Allowedlist, long? RateLimit, long? ExpiresAt) : IRequestBody<NewApiKeyBody>
{
    private static readonly string[] Fields = ["role", "name", "description", "allowedlist", "rate_limit", "expires_at"];

    public static bool IsOptional => false;

    public static RuleViolation? TryRead(in ReadOnlySequence<byte> body, out NewApiKeyBody value)
    {
        value = default;
        var json = new StrictObject(body, Fields);
        while (json.Next() is var field and >= 0)
        {
            value = field switch
            {
                0 => value with { Role = json.Text() },
                1 => value with { Name = json.Text() },
                2 => value with { Description = json.Text() },
                3 => value with { Allowedlist = json.Texts() },
                4 => value with { RateLimit = json.Integer() },
                _ => value with { ExpiresAt = json.Integer() },
            };
        }
        return json.Broken;
    }
}

/// <summary>Body of A5.</summary>
internal readonly record struct KeyStatusBody(string? Status) : IRequestBody<KeyStatusBody>
{
    private static readonly string[] Fields = ["status"];

    public static bool IsOptional => false;

    public static RuleViolation? TryRead(in ReadOnlySequence<byte> body, out KeyStatusBody value)
    {
        value = default;
        var json = new StrictObject(body, Fields);
        while (json.Next() >= 0) value = new KeyStatusBody(json.Text());
        return json.Broken;
    }
}
