using TokMesh.Cluster.Clocks;

namespace TokMesh.TestKit.Nodes;

/// <summary>The machine's, ahead by as much as it was moved: nobody has to wait for what takes its time.</summary>
public sealed class MovableClock : IClock
{
    private readonly SystemClock _machine = new();
    private long _aheadMs;

    /// <inheritdoc/>
    public long MonotonicMs => _machine.MonotonicMs + Volatile.Read(ref _aheadMs);

    /// <inheritdoc/>
    public long WallMs => _machine.WallMs + Volatile.Read(ref _aheadMs);

    /// <summary>So much time passes.</summary>
    public void Advance(long ms) => Interlocked.Add(ref _aheadMs, ms);
}
