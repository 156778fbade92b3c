using System.Runtime.CompilerServices;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokMesh.Cluster.Meta;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;

namespace TokMesh.Gateway.Protection;

/// <summary>
/// Authenticates a request, once, whoever asks. Pages of another program, which a browser reads, are behind the same keys: it may show one by HTTP
/// basic authentication (RFC 7617: key id as user, secret as password), which it asks its user for. There alone, and for reading alone: a browser sends
/// what it once asked for with every request, also with one that another site made it send.
/// </summary>
internal static class KeyCheck
{
    /// <summary>Nobody has to say who they are.</summary>
    public static readonly Task<AuthenticateResult> NotNeeded = Task.FromResult(AuthenticateResult.NoResult());

    private const string Basic = "Basic ";
    private static readonly Task<AuthenticateResult> Refused = Task.FromResult(AuthenticateResult.Fail("The request is refused."));

    // A key's principal is the same for all of its requests.
    private static readonly ConditionalWeakTable<ApiKey, Task<AuthenticateResult>> Successes = [];

    public static Task<AuthenticateResult> RunAsync(Exchange exchange, bool isPage)
    {
        if (exchange.Refusal is not null) return Refused;
        if (exchange.Identity.Key is { } known) return SuccessOf(known);
        if (((isPage ? BeforePage(exchange) : null) ?? Admission.PlaceOf(exchange)) is { } refusal) return Refuse(exchange, refusal);
        // To check a secret costs milliseconds the first time, which the thread that heard of a quick request does not have.
        return Identify(exchange, isPage, mayCompute: !exchange.Traits.IsQuick) ?? OnPoolAsync(exchange, isPage);
    }

    private static async Task<AuthenticateResult> OnPoolAsync(Exchange exchange, bool isPage)
    {
        await Task.Yield();
        return await Identify(exchange, isPage, mayCompute: true)!;
    }

    private static Task<AuthenticateResult>? Identify(Exchange exchange, bool isPage, bool mayCompute)
    {
        var http = exchange.Http;
        try
        {
            if (http.RequestServices.GetRequiredService<Admission>().Identify(exchange, mayCompute, out var isUndecided) is { } refusal) return Refuse(exchange, refusal);
            if (isUndecided) return null;
        }
        catch (Exception e)
        {
            GatewayLog.RequestFailed(exchange.FrontEnd.Log, exchange.RequestId, http.Request.Method, exchange.Route, e.GetType().Name, e.StackTrace);
            return Refuse(exchange, Refusal.Of(ErrorCode.SysInternal));
        }
        // The page is another program's, which the key is no business of.
        if (isPage) http.Request.Headers.Authorization = default;
        return SuccessOf(exchange.Identity.Key!);
    }

    private static Task<AuthenticateResult> SuccessOf(ApiKey key) => Successes.GetValue(key, static key =>
    {
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, key.KeyId), new Claim(ClaimTypes.Role, key.Role.ToString())], ApiKeyAuthentication.Scheme);
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), ApiKeyAuthentication.Scheme)));
    });

    private static Task<AuthenticateResult> Refuse(Exchange exchange, Refusal refusal)
    {
        exchange.Refusal = refusal;
        return Refused;
    }

    private static Refusal? BeforePage(Exchange exchange)
    {
        var request = exchange.Http.Request;
        exchange.Challenge = "Basic realm=\"tokmesh\", charset=\"UTF-8\"";
        if (exchange.Http.Features.Get<LifeOnly>() is null && !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method)) return Refusal.NoSuchMethod("GET, HEAD");
        TakeBasic(request.Headers);
        return null;
    }

    private static void TakeBasic(IHeaderDictionary headers)
    {
        if (headers.Authorization is not [{ } authorization] || !authorization.StartsWith(Basic, StringComparison.OrdinalIgnoreCase)) return;
        var bytes = new byte[authorization.Length];
        if (Convert.TryFromBase64String(authorization[Basic.Length..].Trim(), bytes, out var length)
            && TextRules.Read("Authorization", bytes.AsSpan(0, length), out var credential) is null)
            headers.Authorization = "Bearer " + credential;
    }
}
