using System.Globalization;
using TokMesh.Cluster.Errors;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Metering;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;
using TokMesh.State.Sessions;

namespace TokMesh.Gateway.Protection;

/// <summary>
/// Decides whether a request may reach its operation. A key's rate bucket is drawn on only after its
/// secret was right, so that knowing a key's public id is not enough to use up its rate. What guessing costs is limited per address instead.
/// </summary>
internal sealed class Admission(GatewayFrontEnd frontEnd, GatewayMeter meter, KeyUsage usage)
{
    private const int RatePeriodMs = 1000;
    private readonly ClientAddress _clientAddress = new(new AddressBlocks(frontEnd.Options.TrustedProxies));
    private readonly AddressBlocks _allowed = new(frontEnd.Options.AllowList);
    private readonly FailedAttempts _failures = new(frontEnd.Clock, frontEnd.Options.FailedAuthenticationsPerMinute);
    private readonly AntiReplay _antiReplay = new(frontEnd.Options.AntiReplay, frontEnd.Clock, meter);

    /// <summary>False when the exchange has been failed.</summary>
    public bool Admit(Exchange exchange, Operation operation)
    {
        var access = operation.Access;
        if (access.IsOpen) return true;
        var headers = exchange.Http.Request.Headers;
        if (!Credential.TryRead(headers, out var credential))
        {
            meter.AuthenticationFailed(AuthFailure.Missing);
            return Challenge(exchange, ErrorCode.AuthMissing);
        }
        exchange.ClientIp = IpBytes.Of(_clientAddress.Of(exchange.Http));
        if (!_allowed.IsEmpty && !_allowed.Contains(exchange.ClientIp))
        {
            meter.AuthenticationFailed(AuthFailure.IpBlocked);
            exchange.Fail(access.IsAdminApi ? ErrorCode.AdminIpNotAllowed : ErrorCode.AuthIpNotAllowed);
            return false;
        }
        if (_failures.IsBlocked(exchange.ClientIp, credential.KeyId, credential.Secret, out var waitMs))
        {
            meter.RateLimitedAddress();
            exchange.Http.Response.Headers.RetryAfter = Seconds(waitMs);
            exchange.Fail(ErrorCode.SysTooManyRequests, "too many failed authentications from this address");
            return false;
        }
        var identity = frontEnd.Authenticator.Authenticate(credential.KeyId, credential.Secret);
        if (identity.Error == ErrorCode.SysUnavailable)
        {
            // Just started and not caught up with meta: nobody can be judged, which is not the caller's failure.
            exchange.Http.Response.Headers.RetryAfter = "1";
            exchange.Fail(ErrorCode.SysUnavailable, "this node does not know the API keys yet", Outcomes.NotExecuted);
            return false;
        }
        if (identity.Key is not { } key)
        {
            _failures.Failed(exchange.ClientIp);
            meter.AuthenticationFailed(identity.Error == ErrorCode.AuthDisabled ? AuthFailure.Disabled : AuthFailure.InvalidKey);
            GatewayLog.AuthenticationFailed(frontEnd.Log, exchange.RequestId, identity.Error.ToText(), IpBytes.ToText(exchange.ClientIp));
            return Challenge(exchange, identity.Error);
        }
        _failures.Succeeded(credential.KeyId, credential.Secret);
        exchange.Identity = identity;
        var use = usage.Of(identity.Id);
        use.LastUsedMs = frontEnd.Clock.WallMs;
        if (key.RateLimit > 0 && !use.Bucket.TryTake(frontEnd.Clock.MonotonicMs, key.RateLimit, RatePeriodMs, out waitMs))
            return Limit(exchange, key.RateLimit, waitMs, use.Bucket);
        if (access.Role is { } role && !identity.May(role))
        {
            exchange.Fail(access.IsAdminApi ? ErrorCode.AdminForbidden : ErrorCode.AuthForbidden);
            return false;
        }
        if (operation.Replay != Replay.Ignored && _antiReplay.Check(headers, identity.Id, operation.Replay) is { } replayed)
        {
            exchange.Fail(replayed);
            return false;
        }
        if (ConsistencyHeader.TryRead(headers[ConsistencyHeader.Name], out var consistency))
        {
            exchange.Consistency = consistency;
            return true;
        }
        exchange.Fail(ErrorCode.ArgumentInvalid, ConsistencyHeader.Allowed);
        return false;
    }

    private static bool Challenge(Exchange exchange, ErrorCode error)
    {
        exchange.Http.Response.Headers.WWWAuthenticate = "Bearer realm=\"tokmesh\"";
        exchange.Fail(error);
        return false;
    }

    private bool Limit(Exchange exchange, int limit, long waitMs, TokenBucket bucket)
    {
        meter.RateLimitedKey();
        var headers = exchange.Http.Response.Headers;
        var fullAtMs = frontEnd.Clock.WallMs + bucket.FullInMs(frontEnd.Clock.MonotonicMs);
        headers["X-RateLimit-Limit"] = limit.ToString(CultureInfo.InvariantCulture);
        headers["X-RateLimit-Remaining"] = "0";
        headers["X-RateLimit-Reset"] = Seconds(fullAtMs);
        headers.RetryAfter = Seconds(waitMs);
        exchange.Fail(ErrorCode.SysTooManyRequests, $"the key's limit is {limit} requests per second on each node");
        return false;
    }

    private static string Seconds(long ms) => Math.Max(1, (ms + 999) / 1000).ToString(CultureInfo.InvariantCulture);
}
