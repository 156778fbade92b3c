using System.Diagnostics.CodeAnalysis;
using System.Threading.RateLimiting;
using TokMesh.Cluster.Clocks;

namespace TokMesh.Gateway.Protection;

/// <summary>
/// A <see cref="TokenBucket"/> as a rate limiter of the framework, whose own buckets fill by a timer every 100 ms and cannot say when they
/// will be full. A lease that is refused tells the wait, and when the bucket will be full again.
/// </summary>
internal sealed class TokenBucketLimiter(IClock clock, int perSecond) : RateLimiter
{
    /// <summary>Milliseconds until the bucket is full.</summary>
    public static readonly MetadataName<long> FullInMs = new("FULL_IN_MS");

    private const int PeriodMs = 1000;
    private static readonly Granted Ok = new();
    private readonly TokenBucket _bucket = new();

    /// <summary>Since when it has been full: nothing would be forgotten with it. Null while it is not.</summary>
    public override TimeSpan? IdleDuration => _bucket.FullInMs(clock.MonotonicMs) > 0 ? null : TimeSpan.FromMilliseconds(_bucket.FullForMs(clock.MonotonicMs));

    public override RateLimiterStatistics? GetStatistics() => null;

    protected override RateLimitLease AttemptAcquireCore(int permitCount) =>
        _bucket.TryTake(clock.MonotonicMs, perSecond, PeriodMs, out var waitMs) ? Ok : new Refused(waitMs, _bucket.FullInMs(clock.MonotonicMs));

    /// <summary>Nobody waits for a token: a refusal says when to come back.</summary>
    protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) => new(AttemptAcquireCore(permitCount));

    private sealed class Granted : RateLimitLease
    {
        public override bool IsAcquired => true;

        public override IEnumerable<string> MetadataNames => [];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = null;
            return false;
        }
    }

    private sealed class Refused(long waitMs, long fullInMs) : RateLimitLease
    {
        public override bool IsAcquired => false;

        public override IEnumerable<string> MetadataNames => [MetadataName.RetryAfter.Name, FullInMs.Name];

        public override bool TryGetMetadata(string metadataName, [NotNullWhen(true)] out object? metadata)
        {
            metadata = metadataName == MetadataName.RetryAfter.Name ? TimeSpan.FromMilliseconds(waitMs) : metadataName == FullInMs.Name ? fullInMs : null;
            return metadata is not null;
        }
    }
}
