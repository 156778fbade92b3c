namespace TokMesh.Orleans.Access;

/// <summary>What others can provoke as often as they like is said once a minute.</summary>
internal sealed class LogThrottle
{
    private const long EveryMs = 60_000;
    private const int MostTexts = 256;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _saidAtMs = [];

    /// <summary>Whether this has not been said for a minute.</summary>
    /// <param name="text">What would be said.</param>
    /// <param name="nowMs">Monotonic milliseconds.</param>
    public bool IsDue(string text, long nowMs)
    {
        lock (_lock)
        {
            if (_saidAtMs.TryGetValue(text, out var saidAtMs) && nowMs - saidAtMs < EveryMs) return false;
            if (_saidAtMs.Count >= MostTexts) _saidAtMs.Clear();
            _saidAtMs[text] = nowMs;
            return true;
        }
    }
}
