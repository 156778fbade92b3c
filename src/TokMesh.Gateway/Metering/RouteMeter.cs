using System.Collections.Concurrent;

namespace TokMesh.Gateway.Metering;

/// <summary>Durations of one route's requests, by method and status.</summary>
internal sealed class RouteMeter
{
    private readonly ConcurrentDictionary<(string Method, int Status), Histogram> _histograms = new();

    public IEnumerable<KeyValuePair<(string Method, int Status), Histogram>> Histograms => _histograms;

    public void Record(string method, int status, TimeSpan duration)
    {
        // A client may send any word as its method: all but those that are answered share one label.
        var name = (method is "GET" or "HEAD" or "POST" ? method : "other", status);
        var histogram = _histograms.TryGetValue(name, out var known) ? known : _histograms.GetOrAdd(name, static _ => new Histogram());
        histogram.Record(duration);
    }
}

/// <summary>A histogram with fixed bounds, so that those of several nodes can be added.</summary>
internal sealed class Histogram
{
    public static readonly double[] BoundsSeconds = [.001, .005, .01, .025, .05, .1, .25, .5, 1];
    private static readonly long[] BoundsTicks = [.. BoundsSeconds.Select(s => TimeSpan.FromSeconds(s).Ticks)];
    private readonly long[] _counts = new long[BoundsSeconds.Length + 1];
    private long _sumTicks;

    public double SumSeconds => TimeSpan.FromTicks(Volatile.Read(ref _sumTicks)).TotalSeconds;

    public void Record(TimeSpan duration)
    {
        var i = 0;
        while (i < BoundsTicks.Length && duration.Ticks > BoundsTicks[i]) i++;
        Interlocked.Increment(ref _counts[i]);
        Interlocked.Add(ref _sumTicks, duration.Ticks);
    }

    /// <summary>Requests per bucket, each without those before it; the last has no bound.</summary>
    public long[] Counts() => [.. _counts];
}
