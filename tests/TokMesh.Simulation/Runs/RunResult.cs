using TokMesh.Simulation.Observing;

namespace TokMesh.Simulation.Runs;

/// <summary>What a run showed.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Profile">The profile's name.</param>
/// <param name="Digest">Of everything that happened and when: equal for equal runs.</param>
/// <param name="SimulatedUs">How long it was, in virtual time.</param>
/// <param name="Counts">What happened how often.</param>
/// <param name="Failure">What went wrong; null when nothing did.</param>
internal sealed record RunResult(int Seed, string Profile, ulong Digest, long SimulatedUs, Counts Counts, Exception? Failure)
{
    public uint? FailedGroup => (Failure as SimulationFailure)?.Group;

    public string? FailedRegister => (Failure as SimulationFailure)?.Register;
}

/// <summary>What happened how often, in one run or in many.</summary>
internal sealed record Counts
{
    public long Answered { get; init; }

    public long Unknown { get; init; }

    public long Failed { get; init; }

    public long SessionsCreated { get; init; }

    public long Crashes { get; init; }

    public long PowerCuts { get; init; }

    public long ClusterPowerCuts { get; init; }

    public long DiskFailures { get; init; }

    public long BitFlips { get; init; }

    public long Partitions { get; init; }

    public long Pauses { get; init; }

    /// <summary>Older directories put back, and logs emptied.</summary>
    public long Replacements { get; init; }

    /// <summary>Second processes on a copy.</summary>
    public long Twins { get; init; }

    /// <summary>Nodes that stopped because they had been refused.</summary>
    public long Refused { get; init; }

    public long Hangs { get; init; }

    public long OtherFaults { get; init; }

    public long MembershipChanges { get; init; }

    /// <summary>Planned moves that were made.</summary>
    public long Moves { get; init; }

    public long ReplicasRemoved { get; init; }

    public long SnapshotInstalls { get; init; }

    public long Elections { get; init; }

    public long Applications { get; init; }

    public long Events { get; init; }

    public static Counts operator +(Counts a, Counts b) => new()
    {
        Answered = a.Answered + b.Answered,
        Unknown = a.Unknown + b.Unknown,
        Failed = a.Failed + b.Failed,
        SessionsCreated = a.SessionsCreated + b.SessionsCreated,
        Crashes = a.Crashes + b.Crashes,
        PowerCuts = a.PowerCuts + b.PowerCuts,
        ClusterPowerCuts = a.ClusterPowerCuts + b.ClusterPowerCuts,
        DiskFailures = a.DiskFailures + b.DiskFailures,
        BitFlips = a.BitFlips + b.BitFlips,
        Partitions = a.Partitions + b.Partitions,
        Pauses = a.Pauses + b.Pauses,
        Replacements = a.Replacements + b.Replacements,
        Twins = a.Twins + b.Twins,
        Refused = a.Refused + b.Refused,
        Hangs = a.Hangs + b.Hangs,
        OtherFaults = a.OtherFaults + b.OtherFaults,
        MembershipChanges = a.MembershipChanges + b.MembershipChanges,
        Moves = a.Moves + b.Moves,
        ReplicasRemoved = a.ReplicasRemoved + b.ReplicasRemoved,
        SnapshotInstalls = a.SnapshotInstalls + b.SnapshotInstalls,
        Elections = a.Elections + b.Elections,
        Applications = a.Applications + b.Applications,
        Events = a.Events + b.Events,
    };
}
