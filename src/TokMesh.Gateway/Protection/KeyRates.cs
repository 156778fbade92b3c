using System.Globalization;
using System.Threading.RateLimiting;
using TokMesh.Cluster.Auth;
using TokMesh.Cluster.Clocks;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Metering;
using TokMesh.Gateway.Requests;
using TokMesh.State.Errors;
using TokMesh.State.Ids;

namespace TokMesh.Gateway.Protection;

/// <summary>Requests per second of each key on this node: one partition for a key and its limit, which goes when it has been full for a while.</summary>
internal sealed class KeyRates(GatewayFrontEnd frontEnd, GatewayMetrics metrics) : IDisposable
{
    private readonly PartitionedRateLimiter<Identity> _limiter = PartitionedRateLimiter.Create<Identity, (ApiKeyId, int)>(caller =>
        RateLimitPartition.Get((caller.Id, caller.Key!.RateLimit), key => new TokenBucketLimiter(frontEnd.Clock, key.Item2)));

    /// <summary>Takes a request of the key's rate; null when it had one left.</summary>
    public Refusal? Take(Identity caller)
    {
        var limit = caller.Key!.RateLimit;
        if (limit <= 0) return null;
        using var lease = _limiter.AttemptAcquire(caller);
        if (lease.IsAcquired) return null;
        metrics.RateLimitedKey();
        lease.TryGetMetadata(MetadataName.RetryAfter, out var wait);
        lease.TryGetMetadata(TokenBucketLimiter.FullInMs, out var fullInMs);
        var fullAtMs = frontEnd.Clock.WallMs + fullInMs;
        return Refusal.Of(ErrorCode.SysTooManyRequests, $"the key's limit is {limit} requests per second on each node", headers: headers =>
        {
            headers["X-RateLimit-Limit"] = limit.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Remaining"] = "0";
            headers["X-RateLimit-Reset"] = Admission.Seconds(fullAtMs);
            headers.RetryAfter = Admission.Seconds((long)wait.TotalMilliseconds);
        });
    }

    public void Dispose() => _limiter.Dispose();
}
