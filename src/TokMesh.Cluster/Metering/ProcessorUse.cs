using System.Diagnostics;

namespace TokMesh.Cluster.Metering;

/// <summary>The share of the machine's processors this process uses, between one look and the next.</summary>
internal sealed class ProcessorUse
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private long _at = Stopwatch.GetTimestamp();
    private TimeSpan _used = Environment.CpuUsage.TotalTime;
    private double _ratio;

    /// <summary>0 to 1; looks closer than a second together get the same answer.</summary>
    public double Ratio()
    {
        lock (_lock)
        {
            var elapsed = Stopwatch.GetElapsedTime(_at);
            if (elapsed < Shortest) return _ratio;
            var used = Environment.CpuUsage.TotalTime;
            _ratio = Math.Clamp((used - _used) / elapsed / Environment.ProcessorCount, 0, 1);
            (_at, _used) = (Stopwatch.GetTimestamp(), used);
            return _ratio;
        }
    }
}
