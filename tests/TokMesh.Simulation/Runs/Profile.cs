using TokMesh.Raft.Options;
using TokMesh.Simulation.Faults;

namespace TokMesh.Simulation.Runs;

/// <summary>What kind of run it is: the cluster, its load, and what happens to it.</summary>
/// <param name="Name">What <c>--profile</c> calls it.</param>
/// <param name="About">One line for the help.</param>
internal sealed record Profile(string Name, string About)
{
    public int Nodes { get; init; } = 3;

    public int Shards { get; init; } = 4;

    /// <summary>How long faults happen.</summary>
    public int Seconds { get; init; } = 20;

    public int KeyClients { get; init; }

    public int SessionClients { get; init; }

    /// <summary>Those that look at keys of little life on every node, at less than linearizable.</summary>
    public int FleetingClients { get; init; }

    /// <summary>Longest rest of a client between two calls.</summary>
    public int RestUs { get; init; } = 300_000;

    public int ValueBytes { get; init; }

    /// <summary>Keys in use at a time: with few, who reads what was just overwritten is soon found out.</summary>
    public int Keys { get; init; } = 4;

    public RaftOptions Raft { get; init; } = new();

    public int SnapshotThresholdBytes { get; init; } = 96 << 10;

    public int SegmentBytes { get; init; } = 32 << 10;

    /// <summary>Whether the network loses, doubles and reorders single frames.</summary>
    public bool Datagrams { get; init; }

    /// <summary>Whether groups change their members.</summary>
    public bool Membership { get; init; }

    /// <summary>Whether shards move to other nodes.</summary>
    public bool Moves { get; init; }

    /// <summary>Whether nodes have silos, whose membership is in meta.</summary>
    public bool Silos { get; init; }

    /// <summary>So far do wall clocks go from the true time: half the bound, so that no two are further apart than it.</summary>
    public int WallOffsetMs { get; init; } = 100;

    /// <summary>Two clocks of opposite extremes differ by less than the drift that leases allow for (10 %).</summary>
    public int ClockDriftPpm { get; init; }

    /// <summary>Longest time between two faults.</summary>
    public int FaultGapMs { get; init; } = 2500;

    /// <summary>Which faults, and how often compared with each other.</summary>
    public IReadOnlyDictionary<FaultKind, int> Faults { get; init; } = new Dictionary<FaultKind, int>();
}
