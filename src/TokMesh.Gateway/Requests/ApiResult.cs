using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace TokMesh.Gateway.Requests;

/// <summary>An answer of the front end, sent by the exchange.</summary>
internal abstract class ApiResult(int status) : IResult, IStatusCodeHttpResult
{
    protected static readonly JsonEncodedText CodeName = JsonEncodedText.Encode("code");
    protected static readonly JsonEncodedText MessageName = JsonEncodedText.Encode("message");
    protected static readonly JsonEncodedText RequestIdName = JsonEncodedText.Encode("request_id");
    protected static readonly JsonEncodedText TimestampName = JsonEncodedText.Encode("timestamp");

    public int Status => status;

    int? IStatusCodeHttpResult.StatusCode => status;

    public Task ExecuteAsync(HttpContext httpContext) => Exchange.Of(httpContext).SendAsync(this);

    /// <summary>Writes the whole body: one JSON value, or nothing.</summary>
    public abstract void Write(Exchange exchange, Utf8JsonWriter json);
}

/// <summary>A success: data in the envelope.</summary>
/// <typeparam name="T">What the data looks like, for the API's description.</typeparam>
internal abstract class Success<T>(int status = StatusCodes.Status200OK) : ApiResult(status)
{
    private static readonly JsonEncodedText DataName = JsonEncodedText.Encode("data");
    private static readonly JsonEncodedText Message = JsonEncodedText.Encode("Success");
    private static readonly JsonEncodedText Ok = JsonEncodedText.Encode("OK");

    public sealed override void Write(Exchange exchange, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString(CodeName, Ok);
        json.WriteString(MessageName, Message);
        json.WriteString(RequestIdName, exchange.RequestId);
        json.WriteNumber(TimestampName, exchange.FrontEnd.Clock.WallMs);
        json.WritePropertyName(DataName);
        WriteData(json);
        json.WriteEndObject();
    }

    protected static void Describe(EndpointBuilder builder, int status) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(status, typeof(Envelope<T>), ["application/json"]));

    protected abstract void WriteData(Utf8JsonWriter json);
}

/// <summary>A success with data that is written as it is.</summary>
internal class Answer<T>(T data, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) : Success<T>(status), IEndpointMetadataProvider, IValueHttpResult<T>
{
    public T Value => data;

    public static void PopulateMetadata(System.Reflection.MethodInfo method, EndpointBuilder builder) => Describe(builder, StatusCodes.Status200OK);

    protected override void WriteData(Utf8JsonWriter json) => JsonSerializer.Serialize(json, data, type);
}

/// <summary>A success that has made something.</summary>
internal sealed class CreatedAnswer<T>(T data, JsonTypeInfo<T> type) : Answer<T>(data, type, StatusCodes.Status201Created), IEndpointMetadataProvider
{
    public static new void PopulateMetadata(System.Reflection.MethodInfo method, EndpointBuilder builder) => Describe(builder, StatusCodes.Status201Created);
}

/// <summary>How a success looks.</summary>
internal sealed record Envelope<T>(string Code, string Message, string RequestId, long Timestamp, T Data);

/// <summary>How a refusal looks.</summary>
internal sealed record ErrorEnvelope(string Code, string Message, string RequestId, long Timestamp, JsonElement? Details);
