using System.Diagnostics;

namespace TokMesh.Cluster.Clocks;

/// <summary>The two clocks a node needs. Everything below takes time from here and nowhere else.</summary>
public interface IClock
{
    /// <summary>Milliseconds that never go back: timers and leases.</summary>
    long MonotonicMs { get; }

    /// <summary>Unix time in milliseconds: the stamps of entries.</summary>
    long WallMs { get; }
}

/// <summary>The machine's clocks.</summary>
public sealed class SystemClock : IClock
{
    /// <inheritdoc/>
    public long MonotonicMs => (long)(Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1000.0));

    /// <inheritdoc/>
    public long WallMs => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}
