using TokMesh.Cluster.Clocks;

namespace TokMesh.TestKit.Nodes;

/// <summary>Stands still until it is moved.</summary>
public sealed class ManualClock : IClock
{
    private long _passedMs;

    /// <inheritdoc/>
    public long MonotonicMs => 1_000 + Volatile.Read(ref _passedMs);

    /// <inheritdoc/>
    public long WallMs => 1_767_225_600_000 + Volatile.Read(ref _passedMs);

    /// <summary>So much time passes.</summary>
    public void Advance(long ms) => Interlocked.Add(ref _passedMs, ms);
}
