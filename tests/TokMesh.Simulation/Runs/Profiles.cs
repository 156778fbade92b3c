using TokMesh.Raft.Options;
using TokMesh.Simulation.Faults;

namespace TokMesh.Simulation.Runs;

/// <summary>The profiles there are.</summary>
internal static class Profiles
{
    public const string DefaultName = "default";
    private const int MostDriftPpm = 47_000;
    private const int MostWallOffsetMs = 240;

    private static readonly Dictionary<FaultKind, int> Mild = new()
    {
        [FaultKind.Kill] = 2,
        [FaultKind.PowerCut] = 2,
        [FaultKind.PowerCutInOperation] = 2,
        [FaultKind.Isolate] = 2,
        [FaultKind.OneWay] = 1,
        [FaultKind.Split] = 1,
        [FaultKind.Pause] = 1,
        [FaultKind.ClusterPowerCut] = 1,
    };

    /// <summary>All named profiles; <see cref="DefaultName"/> draws from the seed what it is made of.</summary>
    public static IReadOnlyList<Profile> Named { get; } =
    [
        new("sessions", "sessions with drawn and dictated names, quotas, user-wide revocation; crashes and partitions")
        {
            SessionClients = 6,
            RestUs = 200_000,
            Faults = Mild,
        },
        new("keys", "plain keys and counters; crashes and partitions")
        {
            KeyClients = 6,
            RestUs = 200_000,
            Faults = Mild,
        },
        new("network", "every way to lose a link: cuts, one-way cuts, splits, resets, slowness, and nodes that pause")
        {
            Nodes = 4,
            KeyClients = 4,
            SessionClients = 2,
            FaultGapMs = 1500,
            Faults = new Dictionary<FaultKind, int>
            {
                [FaultKind.Isolate] = 2,
                [FaultKind.OneWay] = 3,
                [FaultKind.Split] = 2,
                [FaultKind.Flap] = 3,
                [FaultKind.SlowNetwork] = 2,
                [FaultKind.Pause] = 2,
                [FaultKind.HandOver] = 1,
                [FaultKind.Kill] = 1,
            },
        },
        new("udp", "as network, with single frames lost, doubled and reordered, which no link may do")
        {
            Nodes = 4,
            KeyClients = 4,
            SessionClients = 2,
            Datagrams = true,
            Faults = Mild,
        },
        new("disk", "power cuts within operations, of single nodes and of all at once; slow, full, failing and rotten disks")
        {
            KeyClients = 5,
            ValueBytes = 400,
            FaultGapMs = 2000,
            Faults = new Dictionary<FaultKind, int>
            {
                [FaultKind.PowerCut] = 1,
                [FaultKind.PowerCutInOperation] = 4,
                [FaultKind.ClusterPowerCut] = 2,
                [FaultKind.SlowDisk] = 2,
                [FaultKind.SyncFails] = 2,
                [FaultKind.DiskFull] = 2,
                [FaultKind.BitRot] = 3,
                [FaultKind.Hang] = 2,
                [FaultKind.Kill] = 1,
            },
        },
        new("clocks", "monotonic clocks that drift as far as leases allow for, wall clocks that jump and leave the bound, pauses")
        {
            Shards = 2,
            KeyClients = 8,
            SessionClients = 2,
            FleetingClients = 3,
            Keys = 2,
            RestUs = 80_000,
            ClockDriftPpm = MostDriftPpm,
            WallOffsetMs = MostWallOffsetMs,
            FaultGapMs = 1500,
            Faults = new Dictionary<FaultKind, int>
            {
                [FaultKind.ClockRate] = 4,
                [FaultKind.WallJump] = 3,
                [FaultKind.WallAway] = 2,
                [FaultKind.Pause] = 4,
                [FaultKind.Isolate] = 2,
                [FaultKind.HandOver] = 1,
                [FaultKind.Kill] = 1,
            },
        },
        new("copies", "directories that are copied and put back, logs that are emptied, second processes on copies, disks that hang; crashes")
        {
            KeyClients = 4,
            SessionClients = 2,
            Seconds = 30,
            FaultGapMs = 1200,
            Faults = new Dictionary<FaultKind, int>
            {
                [FaultKind.Kill] = 4,
                [FaultKind.PowerCut] = 1,
                [FaultKind.Copy] = 4,
                [FaultKind.PutBack] = 4,
                [FaultKind.Twin] = 1,
                [FaultKind.Hang] = 2,
            },
        },
        new("snapshots", "large values and small logs: nodes that were away need snapshots; crashes while they are sent and stored")
        {
            Nodes = 4,
            Shards = 3,
            KeyClients = 6,
            RestUs = 100_000,
            ValueBytes = 6_000,
            Raft = new RaftOptions { SnapshotChunkBytes = 4 << 10, SnapshotWindow = 2 },
            SnapshotThresholdBytes = 128 << 10,
            SegmentBytes = 64 << 10,
            Membership = true,
            Faults = Mild,
        },
        new("silence", "groups that are idle for most of the time and become quiescent at once, woken by rare calls and by whatever happens to their nodes")
        {
            Nodes = 4,
            KeyClients = 3,
            SessionClients = 2,
            RestUs = 2_000_000,
            Seconds = 40,
            Keys = 1,
            Raft = new RaftOptions { QuiesceAfterMs = 100 },
            Membership = true,
            Faults = new Dictionary<FaultKind, int>(Mild) { [FaultKind.Flap] = 2, [FaultKind.HandOver] = 1, [FaultKind.Lose] = 1 },
        },
        new("membership", "groups whose members are added, promoted, replaced and removed, while nodes crash and links are cut")
        {
            Nodes = 5,
            Shards = 3,
            KeyClients = 3,
            SessionClients = 2,
            Membership = true,
            Faults = new Dictionary<FaultKind, int>(Mild) { [FaultKind.Lose] = 1, [FaultKind.HandOver] = 1 },
        },
        new("moves", "shards that move from node to node as meta has planned, plans that are changed half way, replicas that are deleted; crashes and partitions")
        {
            Nodes = 6,
            Shards = 4,
            KeyClients = 4,
            SessionClients = 2,
            RestUs = 150_000,
            ValueBytes = 6_000,
            SnapshotThresholdBytes = 128 << 10,
            SegmentBytes = 64 << 10,
            Raft = new RaftOptions { SnapshotChunkBytes = 4 << 10, SnapshotWindow = 2 },
            Moves = true,
            Faults = new Dictionary<FaultKind, int>(Mild) { [FaultKind.Lose] = 1, [FaultKind.HandOver] = 1 },
        },
        new("silos", "silos that join late, declare each other dead and end then, by a table in meta, while groups are led; crashes and partitions")
        {
            KeyClients = 3,
            SessionClients = 1,
            Silos = true,
            Faults = Mild,
        },
    ];

    public static IEnumerable<string> Names => Named.Select(p => p.Name).Prepend(DefaultName);

    /// <summary>The profile a seed runs with.</summary>
    public static Profile Of(string name, int seed) => name == DefaultName ? Mixed(seed) : Named.First(p => p.Name == name);

    /// <summary>
    /// Every seed leaves out other things: with everything in every run, much would never happen alone, or undisturbed for long
    /// enough to matter (Groce and others, "Swarm testing", 2012).
    /// </summary>
    private static Profile Mixed(int seed)
    {
        var random = new Random(seed ^ 0x5EED);
        var faults = new Dictionary<FaultKind, int>();
        foreach (var kind in Enum.GetValues<FaultKind>())
        {
            var weight = random.Next(5) - 1;
            if (weight > 0) faults[kind] = kind is FaultKind.ClusterPowerCut or FaultKind.Lose ? 1 : weight;
        }
        var withSessions = random.Next(2) == 0;
        var membership = random.Next(3) == 0;
        // Short logs and large values, so that who was away needs a snapshot.
        var snapshots = random.Next(5) == 0;
        return new Profile(DefaultName, "")
        {
            Nodes = membership ? random.Next(4, 6) : random.Next(3, 5),
            Shards = snapshots ? 2 : random.Next(2, 5),
            Seconds = random.Next(12, 28),
            SessionClients = withSessions ? random.Next(2, 5) : 0,
            KeyClients = snapshots ? 5 : withSessions ? random.Next(0, 3) : random.Next(3, 7),
            RestUs = snapshots ? random.Next(80_000, 200_000) : random.Next(100_000, 500_000),
            ValueBytes = snapshots ? random.Next(4_000, 8_000) : random.Next(4) == 0 ? random.Next(200, 2_000) : 0,
            SnapshotThresholdBytes = snapshots ? 64 << 10 : random.Next(32, 192) << 10,
            SegmentBytes = random.Next(16, 64) << 10,
            Keys = random.Next(1, 7),
            Raft = new RaftOptions
            {
                MaxEntriesPerAppend = Any(1, 3, 512),
                MaxInflightAppends = Any(1, 3, 128),
                SnapshotChunkBytes = Any(1 << 10, 16 << 10, 128 << 10),
                SnapshotWindow = Any(1, 3, 8),
                MaxEntriesPerApply = Any(1, 5, 2048),
                LeaseReads = random.Next(5) > 0,
                ElectionJitterMs = Any(50, 400, 400),
                QuiesceAfterMs = Any(0, 100, 2000),
            },
            Datagrams = random.Next(5) == 0,
            Membership = membership,
            FleetingClients = faults.ContainsKey(FaultKind.WallAway) ? 2 : 0,
            WallOffsetMs = random.Next(MostWallOffsetMs),
            ClockDriftPpm = random.Next(2) == 0 ? 0 : random.Next(MostDriftPpm),
            FaultGapMs = random.Next(800, 4_000),
            Faults = faults,
        };

        int Any(params ReadOnlySpan<int> values) => values[random.Next(values.Length)];
    }
}
