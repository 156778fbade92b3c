namespace TokMesh.Client;

/// <summary>Life spans as the store counts them.</summary>
internal static class TimeToLive
{
    /// <summary>Whole seconds, rounded up: nothing ends before its time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not above zero.</exception>
    public static long Seconds(string argument, TimeSpan span)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(span, TimeSpan.Zero, argument);
        return (span.Ticks / TimeSpan.TicksPerSecond) + (span.Ticks % TimeSpan.TicksPerSecond == 0 ? 0 : 1);
    }
}
