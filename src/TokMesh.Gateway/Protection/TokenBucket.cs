namespace TokMesh.Gateway.Protection;

/// <summary>
/// A token bucket in one number: the time at which it will be full again. Taking a token moves that time on by one interval; a
/// bucket whose time would lie further ahead than a whole period is empty. Capacity may change between calls and counts at once.
/// </summary>
internal sealed class TokenBucket
{
    private long _fullAtNs;

    /// <summary>Takes a token; false when there is none.</summary>
    /// <param name="nowMs">Monotonic milliseconds.</param>
    /// <param name="capacity">Tokens of a full bucket, also tokens that come per period.</param>
    /// <param name="periodMs">Milliseconds in which an empty bucket fills.</param>
    /// <param name="waitMs">Milliseconds until a token is there; 0 when one was taken.</param>
    public bool TryTake(long nowMs, int capacity, int periodMs, out long waitMs)
    {
        var now = nowMs * 1_000_000;
        var period = periodMs * 1_000_000L;
        while (true)
        {
            var fullAt = Volatile.Read(ref _fullAtNs);
            var next = Math.Max(fullAt, now) + period / capacity;
            waitMs = (next - period - now + 999_999) / 1_000_000;
            if (waitMs > 0) return false;
            waitMs = 0;
            if (Interlocked.CompareExchange(ref _fullAtNs, next, fullAt) == fullAt) return true;
        }
    }

    /// <summary>Whether there is no token, without taking one.</summary>
    public bool IsEmpty(long nowMs, int capacity, int periodMs, out long waitMs)
    {
        var now = nowMs * 1_000_000;
        var period = periodMs * 1_000_000L;
        waitMs = Math.Max(0, (Math.Max(Volatile.Read(ref _fullAtNs), now) + period / capacity - period - now + 999_999) / 1_000_000);
        return waitMs > 0;
    }

    /// <summary>Milliseconds until the bucket is full.</summary>
    public long FullInMs(long nowMs) => Math.Max(0, (Volatile.Read(ref _fullAtNs) - nowMs * 1_000_000 + 999_999) / 1_000_000);

    /// <summary>Milliseconds since it has been full; 0 while it is not.</summary>
    public long FullForMs(long nowMs) => Math.Max(0, nowMs - Volatile.Read(ref _fullAtNs) / 1_000_000);
}
