using System.Net;

namespace TokMesh.Redis.FrontEnd;

/// <summary>
/// Counts failed authentications per address and minute, in a fixed number of buckets: however many addresses try, the memory is
/// the same. Two addresses that share a bucket share its delay, which costs an honest client one second at worst.
/// </summary>
internal sealed class FailedLogins(int perMinute)
{
    private const int Buckets = 1024;
    private const long WindowMs = 60_000;

    private readonly Lock _lock = new();
    private readonly (long Since, int Count)[] _buckets = new (long, int)[Buckets];

    public void Add(IPAddress? address, long nowMs)
    {
        lock (_lock)
        {
            ref var bucket = ref _buckets[BucketOf(address)];
            if (nowMs - bucket.Since >= WindowMs) bucket = (nowMs, 0);
            bucket.Count++;
        }
    }

    /// <summary>Whether an attempt from there has to wait.</summary>
    public bool TooMany(IPAddress? address, long nowMs)
    {
        lock (_lock)
        {
            var (since, count) = _buckets[BucketOf(address)];
            return count >= perMinute && nowMs - since < WindowMs;
        }
    }

    // HashCode is seeded per process: nobody can aim at another one's bucket.
    private static int BucketOf(IPAddress? address) => address is null ? 0 : (int)((uint)HashCode.Combine(address) % Buckets);
}
