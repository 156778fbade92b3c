using TokMesh.Cluster.Clocks;

namespace TokMesh.TestKit.Nodes;

/// <summary>The machine's, ahead by as much as it was moved: nobody has to wait for what takes its time.</summary>
/// <param name="wallMs">Unix time at which it begins, in milliseconds; now when null.</param>
public sealed class MovableClock(long? wallMs = null) : IClock
{
    private readonly SystemClock _machine = new();
    private readonly long _otherDayMs = wallMs is { } began ? began - new SystemClock().WallMs : 0;
    private long _aheadMs;

    /// <inheritdoc/>
    public long MonotonicMs => _machine.MonotonicMs + Volatile.Read(ref _aheadMs);

    /// <inheritdoc/>
    public long WallMs => _machine.WallMs + _otherDayMs + Volatile.Read(ref _aheadMs);

    /// <summary>So much time passes.</summary>
    public void Advance(long ms) => Interlocked.Add(ref _aheadMs, ms);
}
