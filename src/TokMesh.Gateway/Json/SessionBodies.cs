using System.Buffers;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Json;

/// <summary>Body of a create.</summary>
internal readonly record struct CreateBody(string? UserId, string? DeviceId, long? TtlSeconds, List<KeyValuePair<string, string>>? Data, string? Token) : IRequestBody<CreateBody>
{
    private static readonly string[] Fields = ["user_id", "device_id", "ttl_seconds", "data", "token"];

    public static bool IsOptional => false;

    public static RuleViolation? TryRead(in ReadOnlySequence<byte> body, out CreateBody value)
    {
        value = default;
        var json = new StrictObject(body, Fields);
        while (json.Next() is var field and >= 0)
        {
            value = field switch
            {
                0 => value with { UserId = json.Text() },
                1 => value with { DeviceId = json.Text() },
                2 => value with { TtlSeconds = json.Integer() },
                3 => value with { Data = json.Map() },
                _ => value with { Token = json.Text() },
            };
        }
        return json.Broken;
    }
}

/// <summary>Body of a renew.</summary>
internal readonly record struct RenewBody(long? TtlSeconds, ulong? IfVersion) : IRequestBody<RenewBody>
{
    private static readonly string[] Fields = ["ttl_seconds", "if_version"];

    public static bool IsOptional => false;

    public static RuleViolation? TryRead(in ReadOnlySequence<byte> body, out RenewBody value)
    {
        value = default;
        var json = new StrictObject(body, Fields);
        while (json.Next() is var field and >= 0)
        {
            if (field == 0) value = value with { TtlSeconds = json.Integer() };
            else value = value with { IfVersion = json.Unsigned() };
        }
        return json.Broken;
    }
}

/// <summary>Body of a revoke: that of a revoke of all of a user's, and the version to which the revoke is tied.</summary>
internal readonly record struct RevokeOneBody(bool? Sync, ulong? IfVersion) : IRequestBody<RevokeOneBody>
{
    private static readonly string[] Fields = ["sync", "if_version"];

    public static bool IsOptional => true;

    public static RuleViolation? TryRead(in ReadOnlySequence<byte> body, out RevokeOneBody value)
    {
        value = default;
        var json = new StrictObject(body, Fields, IsOptional);
        while (json.Next() is var field and >= 0)
        {
            if (field == 0) value = value with { Sync = json.Flag() };
            else value = value with { IfVersion = json.Unsigned() };
        }
        return json.Broken;
    }
}

/// <summary>Body of a revoke of all of a user's sessions: optional, and <c>sync</c> changes nothing, since every revoke is on a majority.</summary>
internal readonly record struct RevokeBody(bool Sync) : IRequestBody<RevokeBody>
{
    private static readonly string[] Fields = ["sync"];

    public static bool IsOptional => true;

    public static RuleViolation? TryRead(in ReadOnlySequence<byte> body, out RevokeBody value)
    {
        value = default;
        var json = new StrictObject(body, Fields, IsOptional);
        while (json.Next() >= 0) value = new RevokeBody(json.Flag() ?? false);
        return json.Broken;
    }
}

/// <summary>A body that says nothing: none at all, or <c>{}</c>.</summary>
internal readonly record struct EmptyBody : IRequestBody<EmptyBody>
{
    public static bool IsOptional => true;

    public static RuleViolation? TryRead(in ReadOnlySequence<byte> body, out EmptyBody value)
    {
        value = default;
        var json = new StrictObject(body, [], IsOptional);
        json.Next();
        return json.Broken;
    }
}

/// <summary>Body of a validate.</summary>
internal readonly record struct ValidateBody(string? Token, bool Touch) : IRequestBody<ValidateBody>
{
    private static readonly string[] Fields = ["token", "touch"];

    public static bool IsOptional => false;

    public static RuleViolation? TryRead(in ReadOnlySequence<byte> body, out ValidateBody value)
    {
        value = default;
        var json = new StrictObject(body, Fields);
        while (json.Next() is var field and >= 0)
        {
            if (field == 0) value = value with { Token = json.Text() };
            else value = value with { Touch = json.Flag() ?? false };
        }
        return json.Broken;
    }
}
