using TokMesh.Cluster.Errors;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Health;

/// <summary>
/// Turns what is seen from round to round into conditions: raised after having been seen for a while, cleared after not having been
/// seen for a while, so that a moment changes nothing. Without clock or lock.
/// </summary>
internal sealed class ConditionBook
{
    private readonly SortedDictionary<(HealthCode Code, uint Subject), Entry> _entries = [];

    /// <summary>Conditions that are raised, in the order of their codes.</summary>
    public IReadOnlyList<Condition> Raised => [.. _entries.Values.Where(e => e.IsRaised).Select(e => e.Condition)];

    /// <summary>Takes in all that one round has seen.</summary>
    /// <param name="seen">By code and member number, zero for nobody.</param>
    /// <param name="nowMs">Monotonic milliseconds.</param>
    /// <param name="wallMs">Unix milliseconds.</param>
    /// <param name="changed">Told of each condition that is raised (true) or cleared (false).</param>
    public void Round(IReadOnlyDictionary<(HealthCode Code, uint Subject), Finding> seen, long nowMs, long wallMs, Action<Condition, bool> changed)
    {
        foreach (var (key, finding) in seen)
        {
            if (!_entries.TryGetValue(key, out var entry))
                _entries[key] = entry = new Entry { FirstSeenMs = nowMs, Condition = new Condition(key.Code, new MemberId(key.Subject), wallMs) };
            entry.LastSeenMs = nowMs;
            entry.Condition = entry.Condition with { Groups = finding.Groups, Examples = finding.Examples, Detail = finding.Detail };
            if (entry.IsRaised || nowMs - entry.FirstSeenMs < HealthCodes.RaiseAfterMs(key.Code)) continue;
            entry.IsRaised = true;
            changed(entry.Condition, true);
        }
        foreach (var (key, entry) in _entries.ToArray())
        {
            if (seen.ContainsKey(key) || (entry.IsRaised && nowMs - entry.LastSeenMs < HealthCodes.ClearAfterMs(key.Code))) continue;
            _entries.Remove(key);
            if (entry.IsRaised) changed(entry.Condition, false);
        }
    }

    private sealed class Entry
    {
        public required long FirstSeenMs { get; init; }

        public long LastSeenMs { get; set; }

        public bool IsRaised { get; set; }

        public required Condition Condition { get; set; }
    }
}
