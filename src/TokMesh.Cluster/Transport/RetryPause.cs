namespace TokMesh.Cluster.Transport;

/// <summary>
/// Pauses between attempts to reach another node. They grow, and jitter keeps nodes that lost the same one from asking in step.
/// </summary>
public sealed class RetryPause
{
    private const int MinMs = 30;
    private const int MaxMs = 500;

    private int _ms = MinMs;

    /// <summary>After success: the next pause is short again.</summary>
    public void Reset() => _ms = MinMs;

    /// <summary>How long to pause now, in milliseconds.</summary>
    public int NextMs()
    {
        var pause = _ms / 2 + Random.Shared.Next(_ms);
        _ms = Math.Min(MaxMs, _ms * 2);
        return pause;
    }
}
