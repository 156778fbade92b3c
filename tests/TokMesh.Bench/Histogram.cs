namespace TokMesh.Bench;

/// <summary>Latencies in logarithmic buckets of about 2 %: constant memory however long a run is. Not safe for two threads; merge afterwards.</summary>
internal sealed class Histogram
{
    private const double Growth = 1.02;
    private readonly long[] _buckets = new long[1200];

    public long Count { get; private set; }

    public void Add(double microseconds)
    {
        var bucket = microseconds <= 1 ? 0 : (int)(Math.Log(microseconds) / Math.Log(Growth));
        _buckets[Math.Min(bucket, _buckets.Length - 1)]++;
        Count++;
    }

    public void Add(Histogram other)
    {
        for (var i = 0; i < _buckets.Length; i++) _buckets[i] += other._buckets[i];
        Count += other.Count;
    }

    /// <summary>In milliseconds.</summary>
    public double PercentileMs(double percent)
    {
        var rank = (long)Math.Ceiling(Count * percent / 100);
        long seen = 0;
        for (var i = 0; i < _buckets.Length; i++)
        {
            seen += _buckets[i];
            if (seen >= rank && seen > 0) return Math.Pow(Growth, i + 1) / 1000;
        }
        return 0;
    }
}
