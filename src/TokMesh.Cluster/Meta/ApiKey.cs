using System.Text.Json.Serialization;

namespace TokMesh.Cluster.Meta;

/// <summary>What an API key may do.</summary>
public enum ApiRole : byte
{
    /// <summary>Read metrics, nothing else.</summary>
    Metrics,

    /// <summary>Validate and read sessions.</summary>
    Validator,

    /// <summary>Also create, change and end sessions, and use plain keys.</summary>
    Issuer,

    /// <summary>Everything.</summary>
    Admin,
}

/// <summary>An API key as meta keeps it. The secret itself is never kept.</summary>
public sealed record ApiKey
{
    /// <summary><c>tmak-</c> and a ULID.</summary>
    public required string KeyId { get; init; }

    /// <summary>PHC string of the secret's verifier.</summary>
    public required string Verifier { get; init; }

    /// <summary>What it may do.</summary>
    public required ApiRole Role { get; init; }

    /// <summary>Whether it may be used at all.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Free text, at most 256 bytes.</summary>
    public string Description { get; init; } = "";

    /// <summary>Unix milliseconds; 0 for never.</summary>
    public long ExpiresAtMs { get; init; }

    /// <summary>Requests per second on each node; 0 for no limit.</summary>
    public int RateLimit { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public long CreatedAtMs { get; init; }

    /// <summary>Key id of the creator, or <c>system</c>.</summary>
    public string CreatedBy { get; init; } = "";

    /// <summary>Grows by one with every change.</summary>
    public ulong Version { get; init; } = 1;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ApiKey))]
[JsonSerializable(typeof(List<ApiKey>))]
[JsonSerializable(typeof(MetaSnapshot))]
[JsonSerializable(typeof(ClusterMap))]
[JsonSerializable(typeof(MapChange))]
[JsonSerializable(typeof(SiloTable))]
[JsonSerializable(typeof(SiloChange))]
internal sealed partial class MetaJson : JsonSerializerContext;
