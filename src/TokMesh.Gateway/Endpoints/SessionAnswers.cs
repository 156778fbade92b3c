using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Sessions;
using TokMesh.Gateway.Requests;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.Gateway.Endpoints;

/// <summary>How a session looks outside; <see cref="SessionJson"/> writes it from the store's reply without making one of these.</summary>
internal sealed record SessionObject(string Id, string UserId, string DeviceId, string IpAddress, string UserAgent, string LastAccessIp, string LastAccessUa,
    string CreatedBy, long CreatedAt, long ExpiresAt, long LastActive, IReadOnlyDictionary<string, string> Data, ulong Version);

/// <summary>The answer to a create: the token is told this once.</summary>
internal sealed record NewSessionObject(string SessionId, string Token, long ExpiresAt);

/// <summary>The answer to a validation of a token that is good.</summary>
internal sealed record ValidToken(bool Valid, SessionObject Session);

/// <summary>One page of a search.</summary>
internal sealed record SessionPage(IReadOnlyList<SessionObject> Items, long TotalItems);

/// <summary>A session, out of the store's reply.</summary>
internal sealed class SessionAnswer(StoreReply reply, SessionFields fields = SessionFields.All) : Success<SessionObject>, IEndpointMetadataProvider
{
    public static void PopulateMetadata(System.Reflection.MethodInfo method, EndpointBuilder builder) => Describe(builder, StatusCodes.Status200OK);

    protected override void WriteData(Utf8JsonWriter json) => SessionJson.Write(json, new ReplyReader(reply.Body.Span).Session(), fields);
}

/// <summary>A session that has just been made.</summary>
internal sealed class NewSessionAnswer(StoreReply reply, string token) : Success<NewSessionObject>(StatusCodes.Status201Created), IEndpointMetadataProvider
{
    public static void PopulateMetadata(System.Reflection.MethodInfo method, EndpointBuilder builder) => Describe(builder, StatusCodes.Status201Created);

    protected override void WriteData(Utf8JsonWriter json) => SessionJson.WriteCreated(json, new ReplyReader(reply.Body.Span).Session(), token);
}

/// <summary>The session of a token that is good.</summary>
internal sealed class ValidTokenAnswer(StoreReply reply) : Success<ValidToken>, IEndpointMetadataProvider
{
    public static void PopulateMetadata(System.Reflection.MethodInfo method, EndpointBuilder builder) => Describe(builder, StatusCodes.Status200OK);

    protected override void WriteData(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteBoolean("valid"u8, true);
        json.WritePropertyName("session"u8);
        SessionJson.Write(json, new ReplyReader(reply.Body.Span).Session());
        json.WriteEndObject();
    }
}

/// <summary>A page of sessions that are rendered already.</summary>
internal sealed class SessionPageAnswer(long total, IReadOnlyList<ReadOnlyMemory<byte>> items) : Success<SessionPage>, IEndpointMetadataProvider
{
    public static void PopulateMetadata(System.Reflection.MethodInfo method, EndpointBuilder builder) => Describe(builder, StatusCodes.Status200OK);

    protected override void WriteData(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("items"u8);
        foreach (var item in items) json.WriteRawValue(item.Span, skipInputValidation: true);
        json.WriteEndArray();
        json.WriteNumber("total_items"u8, total);
        json.WriteEndObject();
    }
}
