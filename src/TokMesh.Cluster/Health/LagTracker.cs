namespace TokMesh.Cluster.Health;

/// <summary>Whether a replica keeps up.</summary>
internal enum Lag : byte
{
    /// <summary>It has what it should have by now.</summary>
    None,

    /// <summary>It lacks what the leader had a while ago, and moves.</summary>
    Behind,

    /// <summary>It lacks what the leader had a while ago, and has not moved for long.</summary>
    Stuck,
}

/// <summary>
/// Measures lag in time and not in entries: a replica is behind when it lacks what its leader had some seconds ago, however much or
/// little that is. Keeps something only of replicas that lack something just now.
/// </summary>
internal sealed class LagTracker
{
    /// <summary>A replica that has everything the leader had this long ago keeps up. Milliseconds.</summary>
    public const int BehindAfterMs = 5_000;

    /// <summary>One that is behind and has not moved for so long is stuck. Milliseconds.</summary>
    public const int StuckAfterMs = 10_000;

    private readonly Dictionary<(uint Group, uint Member), Trail> _trails = [];

    /// <summary>Where a replica is now.</summary>
    /// <param name="group">Its group.</param>
    /// <param name="member">Whose replica.</param>
    /// <param name="match">The last entry it is known to have.</param>
    /// <param name="snapshotBytes">Of a snapshot on its way to it, bytes it has.</param>
    /// <param name="last">The leader's last entry.</param>
    /// <param name="nowMs">Monotonic milliseconds.</param>
    public Lag Look(uint group, uint member, ulong match, long snapshotBytes, ulong last, long nowMs)
    {
        if (match >= last)
        {
            _trails.Remove((group, member));
            return Lag.None;
        }
        if (!_trails.TryGetValue((group, member), out var trail) || match >= trail.Wanted)
        {
            _trails[(group, member)] = new Trail(last, nowMs, match, snapshotBytes, nowMs);
            return Lag.None;
        }
        if (match != trail.Match || snapshotBytes != trail.SnapshotBytes)
            _trails[(group, member)] = trail = trail with { Match = match, SnapshotBytes = snapshotBytes, MovedMs = nowMs };
        return nowMs - trail.SinceMs < BehindAfterMs ? Lag.None : nowMs - trail.MovedMs < StuckAfterMs ? Lag.Behind : Lag.Stuck;
    }

    /// <summary>This node does not lead the group any more.</summary>
    public void Forget(uint group)
    {
        if (_trails.Count == 0) return;
        foreach (var key in _trails.Keys.Where(k => k.Group == group).ToArray()) _trails.Remove(key);
    }

    /// <param name="Wanted">What the leader had when the replica was first found to lack something.</param>
    /// <param name="SinceMs">When that was.</param>
    /// <param name="Match">What the replica had when it moved last.</param>
    /// <param name="SnapshotBytes">Of a snapshot, likewise.</param>
    /// <param name="MovedMs">When that was.</param>
    private readonly record struct Trail(ulong Wanted, long SinceMs, ulong Match, long SnapshotBytes, long MovedMs);
}
