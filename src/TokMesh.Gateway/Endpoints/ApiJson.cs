using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using TokMesh.Gateway.Requests;

namespace TokMesh.Gateway.Endpoints;

/// <summary>How the data of answers is written; names are in snake case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(ReadyView))]
[JsonSerializable(typeof(Renewed))]
[JsonSerializable(typeof(Revoked))]
[JsonSerializable(typeof(UserRevoked))]
[JsonSerializable(typeof(KeySet))]
[JsonSerializable(typeof(KeyDeleted))]
[JsonSerializable(typeof(NewApiKey))]
[JsonSerializable(typeof(ApiKeyPage))]
[JsonSerializable(typeof(ApiKeyStatus))]
[JsonSerializable(typeof(ClusterStatus))]
[JsonSerializable(typeof(MemberList))]
[JsonSerializable(typeof(ReplicaList))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>A success with this data.</summary>
    public static Answer<T> Answer<T>(T data) => new(data, Of<T>.Type);

    /// <summary>The same for something that was made.</summary>
    public static CreatedAnswer<T> Created<T>(T data) => new(data, Of<T>.Type);

    private static class Of<T>
    {
        public static readonly JsonTypeInfo<T> Type = (JsonTypeInfo<T>)Default.GetTypeInfo(typeof(T))!;
    }
}
