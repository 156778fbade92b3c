using System.Text.Json;
using TokMesh.Cluster.Sessions;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Json;
using TokMesh.Gateway.Metering;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;
using TokMesh.State.Replies;

namespace TokMesh.Gateway.Endpoints;

/// <summary>A token's session. An invalid token is an error of its own code, with <c>details.valid = false</c>.</summary>
internal sealed class TokenEndpoints(GatewayFrontEnd frontEnd, GatewayMeter meter)
{
    private static readonly Action<Utf8JsonWriter> NotValid = static json => json.WriteBoolean("valid"u8, false);

    public async ValueTask ValidateAsync(Exchange exchange)
    {
        var (ok, body) = await exchange.ReadBodyAsync<ValidateBody>(ValidateBody.TryRead);
        if (!ok)
        {
            meter.Validated(ValidateResult.Error);
            return;
        }
        if (string.IsNullOrEmpty(body.Token))
        {
            meter.Validated(ValidateResult.Error);
            exchange.Fail(ErrorCode.ArgumentMissing, "token is required");
            return;
        }
        var reply = await frontEnd.Sessions.ValidateAsync(body.Token, body.Touch, exchange.Caller(withAccess: body.Touch));
        if (reply.Error is ErrorCode.TokenMalformed or ErrorCode.TokenInvalid or ErrorCode.TokenExpired or ErrorCode.TokenRevoked)
        {
            meter.Validated(ValidateResult.Invalid);
            exchange.Fail(reply.Error, reply.Detail, NotValid);
            return;
        }
        if (exchange.FailIfRefused(reply))
        {
            meter.Validated(ValidateResult.Error);
            return;
        }
        meter.Validated(ValidateResult.Valid);
        var session = new ReplyReader(reply.Body.Span).Session();
        var json = exchange.Begin();
        json.WriteStartObject();
        json.WriteBoolean("valid"u8, true);
        json.WritePropertyName("session"u8);
        SessionJson.Write(json, session);
        json.WriteEndObject();
    }
}
