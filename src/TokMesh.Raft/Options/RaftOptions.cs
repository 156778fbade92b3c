namespace TokMesh.Raft.Options;

/// <summary>Timings and bounds of a group. The same on every member of a cluster.</summary>
public sealed record RaftOptions
{
    /// <summary>A follower that has heard no leader for this long may campaign, and before that votes for nobody else. Milliseconds.</summary>
    public int ElectionTimeoutMs { get; init; } = 600;

    /// <summary>Random extra before a follower really campaigns, so that not all do at once. Milliseconds, exclusive upper bound.</summary>
    public int ElectionJitterMs { get; init; } = 400;

    /// <summary>Longest silence of a leader towards a follower. Milliseconds.</summary>
    public int HeartbeatMs { get; init; } = 100;

    /// <summary>
    /// A group that has had nothing to do for this long becomes quiescent: no heartbeats, no timers, until somebody needs it or the
    /// leader's node is lost (see <see cref="RaftGroup.Wake"/>). Milliseconds; zero for never.
    /// </summary>
    public int QuiesceAfterMs { get; init; } = 2_000;

    /// <summary>
    /// How much slower or faster one member's monotonic clock may run than another's, in percent. A lease ends this much before
    /// the followers' promise does.
    /// </summary>
    public int ClockDriftPercent { get; init; } = 10;

    /// <summary>Whether a leader may answer reads from its lease instead of asking a majority each time.</summary>
    public bool LeaseReads { get; init; } = true;

    /// <summary>Most entries in one append message.</summary>
    public int MaxEntriesPerAppend { get; init; } = 512;

    /// <summary>Most payload bytes in one append message; a single larger entry travels alone.</summary>
    public int MaxBytesPerAppend { get; init; } = 1 << 20;

    /// <summary>Most append messages under way to one follower.</summary>
    public int MaxInflightAppends { get; init; } = 128;

    /// <summary>Most payload bytes under way to one follower.</summary>
    public int MaxInflightBytes { get; init; } = 16 << 20;

    /// <summary>Most payload bytes proposed and not yet committed; beyond it proposals are answered "busy".</summary>
    public int MaxUncommittedBytes { get; init; } = 32 << 20;

    /// <summary>Bytes in one snapshot chunk.</summary>
    public int SnapshotChunkBytes { get; init; } = 128 << 10;

    /// <summary>Snapshot chunks under way to one follower.</summary>
    public int SnapshotWindow { get; init; } = 8;

    /// <summary>Most entries handed out for applying at once, so that a long backlog does not hold up the group's timers.</summary>
    public int MaxEntriesPerApply { get; init; } = 2048;

    /// <summary>How long a leader may serve reads after it asked a majority, in milliseconds.</summary>
    public int LeaseMs => ElectionTimeoutMs * (100 - ClockDriftPercent) / 100;

    /// <summary>Reports every value out of range at once.</summary>
    /// <exception cref="ArgumentException">One line per bad value: name, value, allowed range.</exception>
    public void Validate()
    {
        var problems = new List<string>();
        Check(nameof(HeartbeatMs), HeartbeatMs, 10, 10_000);
        Check(nameof(ElectionTimeoutMs), ElectionTimeoutMs, 3 * Math.Max(HeartbeatMs, 10), 120_000);
        Check(nameof(ElectionJitterMs), ElectionJitterMs, 1, 120_000);
        Check(nameof(QuiesceAfterMs), QuiesceAfterMs, 0, 3_600_000);
        Check(nameof(ClockDriftPercent), ClockDriftPercent, 0, 50);
        Check(nameof(MaxEntriesPerAppend), MaxEntriesPerAppend, 1, 1 << 20);
        Check(nameof(MaxBytesPerAppend), MaxBytesPerAppend, 1, 64 << 20);
        Check(nameof(MaxInflightAppends), MaxInflightAppends, 1, 1 << 16);
        Check(nameof(MaxInflightBytes), MaxInflightBytes, 1, 1 << 30);
        Check(nameof(MaxUncommittedBytes), MaxUncommittedBytes, 1, 1 << 30);
        Check(nameof(SnapshotChunkBytes), SnapshotChunkBytes, 1, 8 << 20);
        Check(nameof(SnapshotWindow), SnapshotWindow, 1, 1024);
        Check(nameof(MaxEntriesPerApply), MaxEntriesPerApply, 1, 1 << 20);
        if (problems.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, problems));

        void Check(string name, int value, int min, int max)
        {
            if (value < min || value > max) problems.Add($"{name} is {value}; allowed is {min} to {max}.");
        }
    }
}
