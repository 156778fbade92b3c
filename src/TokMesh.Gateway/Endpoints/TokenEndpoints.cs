using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using TokMesh.Cluster.Meta;
using TokMesh.Gateway.Json;
using TokMesh.Gateway.Metering;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Endpoints;

/// <summary>A token's session. An invalid token is an error of its own code, with <c>details.valid = false</c>.</summary>
internal static class TokenEndpoints
{
    private static readonly Action<Utf8JsonWriter> NotValid = static json => json.WriteBoolean("valid"u8, false);

    public static void MapTokens(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/tokens/validate", ValidateAsync).Takes<ValidateBody>().IsQuick().Needs(ApiRole.Validator).RefusesRepeats(mayBeRequired: false).WithSummary("The session of a token, if the token is good.");
        routes.MapOtherMethods("POST", "/tokens/validate");
    }

    private static async ValueTask<Results<ValidTokenAnswer, Refusal>> ValidateAsync(HttpContext http)
    {
        var exchange = Exchange.Of(http);
        var (unreadable, asked) = await exchange.ReadAsync<ValidateBody>();
        if (unreadable is not null) return Ended(ValidateResult.Error, unreadable);
        if (string.IsNullOrEmpty(asked.Token)) return Ended(ValidateResult.Error, Refusal.Of(ErrorCode.ArgumentMissing, "token is required"));
        var reply = await exchange.FrontEnd.Sessions.ValidateAsync(asked.Token, asked.Touch, exchange.Caller(withAccess: asked.Touch));
        if (reply.Error is ErrorCode.TokenMalformed or ErrorCode.TokenInvalid or ErrorCode.TokenExpired or ErrorCode.TokenRevoked)
            return Ended(ValidateResult.Invalid, Refusal.Of(reply.Error, reply.Detail, NotValid));
        if (Refusal.Of(reply) is { } refusal) return Ended(ValidateResult.Error, refusal);
        exchange.Metrics.Validated(ValidateResult.Valid);
        return new ValidTokenAnswer(reply);

        Refusal Ended(ValidateResult result, Refusal refusal)
        {
            exchange.Metrics.Validated(result);
            return refusal;
        }
    }
}
