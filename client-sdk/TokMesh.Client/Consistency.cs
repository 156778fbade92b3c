namespace TokMesh.Client;

/// <summary>How fresh a read must be.</summary>
public enum ConsistencyLevel
{
    /// <summary>Sees every write that was acknowledged, to anybody, before the read began.</summary>
    Linearizable,

    /// <summary>At most so much older.</summary>
    Bounded,

    /// <summary>Whatever the nearest replica has.</summary>
    Local,
}

/// <summary>A level and, when bounded, its bound. The default is linearizable.</summary>
public readonly record struct Consistency
{
    private static readonly TimeSpan LongestBound = TimeSpan.FromHours(1);

    private Consistency(ConsistencyLevel level, TimeSpan maxStaleness) => (Level, MaxStaleness) = (level, maxStaleness);

    /// <summary>Sees every write that was acknowledged before the read began.</summary>
    public static Consistency Linearizable => default;

    /// <summary>Whatever the nearest replica has: fastest, and as old as that replica is.</summary>
    public static Consistency Local => new(ConsistencyLevel.Local, default);

    /// <summary>The level.</summary>
    public ConsistencyLevel Level { get; }

    /// <summary>Of a bounded read: how much older its answer may be.</summary>
    public TimeSpan MaxStaleness { get; }

    /// <summary>At most so much older, in whole milliseconds.</summary>
    /// <param name="maxStaleness">1 ms to 1 hour.</param>
    public static Consistency Bounded(TimeSpan maxStaleness)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxStaleness, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxStaleness, LongestBound);
        return new Consistency(ConsistencyLevel.Bounded, maxStaleness);
    }
}
