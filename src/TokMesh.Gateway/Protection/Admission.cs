using System.Globalization;
using TokMesh.Cluster.Errors;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Metering;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;
using TokMesh.State.Sessions;

namespace TokMesh.Gateway.Protection;

/// <summary>
/// Finds out who calls. What guessing costs is limited per address; a key's own rate is drawn on only after its secret was right
/// (<see cref="CallPolicyEvaluator"/>), so that knowing a key's public id is not enough to use it up.
/// </summary>
internal sealed class Admission(GatewayFrontEnd frontEnd, GatewayMetrics metrics, KeyUsage usage)
{
    private readonly ClientAddress _clientAddress = new(new AddressBlocks(frontEnd.Options.TrustedProxies));
    private readonly AddressBlocks _allowed = new(frontEnd.Options.AllowList);
    private readonly FailedAttempts _failures = new(frontEnd.Clock, frontEnd.Authenticator, frontEnd.Options.FailedAuthenticationsPerMinute);

    /// <summary>Whether there is a place and room for the request at all; null when there is.</summary>
    public static Refusal? PlaceOf(Exchange exchange)
    {
        if (exchange.Http.Features.Get<LifeOnly>() is { } place)
        {
            exchange.Http.Response.Headers.Connection = "close";
            if (exchange.Traits.IsOfLife) return null;
            place.Limit.CountRefused();
            return Refusal.WithoutPlace();
        }
        return !exchange.Traits.AnswersAlways && exchange.FrontEnd.Held.IsFull ? Refusal.Busy(exchange) : null;
    }

    /// <summary>Sets the exchange's identity and address; null when the key is good.</summary>
    /// <param name="exchange">The request's.</param>
    /// <param name="mayCompute">Whether a secret may be computed, which takes milliseconds, and a line be logged, which may take any time.</param>
    /// <param name="isUndecided">Whether one would have to be, and may not: nothing has happened then.</param>
    public Refusal? Identify(Exchange exchange, bool mayCompute, out bool isUndecided)
    {
        isUndecided = false;
        if (!Credential.TryRead(exchange.Http.Request.Headers, out var credential))
        {
            metrics.AuthenticationFailed(AuthFailure.Missing);
            return Unauthenticated(exchange, ErrorCode.AuthMissing);
        }
        exchange.ClientIp = IpBytes.Of(_clientAddress.Of(exchange.Http));
        if (!_allowed.IsEmpty && !_allowed.Contains(exchange.ClientIp))
        {
            metrics.AuthenticationFailed(AuthFailure.IpBlocked);
            return Refusal.Of(exchange.Traits.IsAdminApi ? ErrorCode.AdminIpNotAllowed : ErrorCode.AuthIpNotAllowed);
        }
        if (_failures.IsBlocked(exchange.ClientIp, credential.KeyId, credential.Secret, out var waitMs))
        {
            metrics.RateLimitedAddress();
            return Refusal.Of(ErrorCode.SysTooManyRequests, "too many failed authentications from this address", headers: h => h.RetryAfter = Seconds(waitMs));
        }
        if (!frontEnd.Authenticator.TryAuthenticate(credential.KeyId, credential.Secret, out var identity) || identity.Key is null)
        {
            isUndecided = !mayCompute;
            if (isUndecided) return null;
            identity = frontEnd.Authenticator.Authenticate(credential.KeyId, credential.Secret);
        }
        // Just started and not caught up with meta: nobody can be judged, which is not the caller's failure.
        if (identity.Error == ErrorCode.SysUnavailable)
            return Refusal.Of(ErrorCode.SysUnavailable, "this node does not know the API keys yet", Outcomes.NotExecuted, static h => h.RetryAfter = "1");
        if (identity.Key is null)
        {
            _failures.Failed(exchange.ClientIp);
            metrics.AuthenticationFailed(identity.Error == ErrorCode.AuthDisabled ? AuthFailure.Disabled : AuthFailure.InvalidKey);
            GatewayLog.AuthenticationFailed(frontEnd.Log, exchange.RequestId, identity.Error.ToText(), IpBytes.ToText(exchange.ClientIp));
            return Unauthenticated(exchange, identity.Error);
        }
        exchange.Identity = identity;
        usage.Used(identity.Id, frontEnd.Clock.WallMs);
        return null;
    }

    /// <summary>Whole seconds that are at least as long, for headers.</summary>
    public static string Seconds(long ms) => Math.Max(1, (ms + 999) / 1000).ToString(CultureInfo.InvariantCulture);

    private static Refusal Unauthenticated(Exchange exchange, ErrorCode error) => Refusal.Of(error, headers: h => h.WWWAuthenticate = exchange.Challenge);
}
