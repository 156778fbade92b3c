using System.Text.Json;
using System.Text.Json.Serialization;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Starts;

namespace TokMesh.Cluster.Joining;

/// <summary>The first thing either side of a connection says: who it is, of which cluster, which protocol versions it speaks.</summary>
public sealed record Hello
{
    /// <summary>Oldest protocol version understood.</summary>
    public required int MinVersion { get; init; }

    /// <summary>Newest protocol version understood.</summary>
    public required int MaxVersion { get; init; }

    /// <summary>The speaker.</summary>
    public required Candidate Self { get; init; }

    /// <summary>Its cluster; null while it has none.</summary>
    public Guid? ClusterId { get; init; }

    /// <summary>Its starts, and how far its log was at this one; null while it has not opened its log.</summary>
    public NodePast? Past { get; init; }

    /// <summary>Other nodes without a cluster that it knows of.</summary>
    public IReadOnlyList<Candidate> Known { get; init; } = [];

    /// <summary>In an answer to an initial node that does not know its cluster yet: how it began.</summary>
    /// <remarks>Named as the first release named it, so that releases understand each other.</remarks>
    [JsonPropertyName("genesis")]
    public Bootstrap? Bootstrap { get; init; }

    /// <summary>
    /// The speaker's number in its cluster, when it came after that had begun; in an answer to a node that asked to be taken in, that
    /// node's.
    /// </summary>
    public uint? Number { get; init; }

    /// <summary>In an answer: why there will be no connection.</summary>
    public HelloRefusal? Refusal { get; init; }

    /// <summary>The transmitted form.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, HelloJson.Default.Hello);

    /// <summary>Reads the transmitted form.</summary>
    /// <exception cref="JsonException">The bytes are not one.</exception>
    public static Hello FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, HelloJson.Default.Hello) ?? throw new JsonException("A hello is null.");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Hello))]
internal sealed partial class HelloJson : JsonSerializerContext;
