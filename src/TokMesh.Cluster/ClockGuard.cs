namespace TokMesh.Cluster;

/// <summary>
/// Compares this node's wall clock with the others'. Entry stamps and leases trust clocks a little; a node that is further off
/// the majority than a bound does not lead until it is back.
/// </summary>
public sealed class ClockGuard(int maxOffsetMs, INodeWatch watch)
{
    /// <summary>Whether this node's clock agrees with the majority's.</summary>
    public bool IsTrusted { get; private set; } = true;

    /// <summary>The majority's clock minus this node's, in milliseconds, at the last judgement.</summary>
    public double OffsetMs { get; private set; }

    /// <summary>Judges anew from the other nodes' offsets to this one; tells whether the verdict changed.</summary>
    /// <param name="offsetsMs">One per node that could be measured.</param>
    public bool Judge(IReadOnlyList<double> offsetsMs)
    {
        // With this node's own zero among them, the median is the clock a majority stands around.
        var all = offsetsMs.Append(0).Order().ToArray();
        var median = all.Length % 2 == 1 ? all[all.Length / 2] : ClosestToZero(all[all.Length / 2 - 1], all[all.Length / 2]);
        OffsetMs = median;
        var trusted = Math.Abs(median) <= maxOffsetMs;
        if (trusted == IsTrusted) return false;
        IsTrusted = trusted;
        watch.ClockJudged(trusted, median);
        return true;
    }

    private static double ClosestToZero(double a, double b) => Math.Abs(a) < Math.Abs(b) ? a : b;
}
