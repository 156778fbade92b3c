namespace TokMesh.Simulation.Faults;

/// <summary>What can happen to a simulated cluster.</summary>
internal enum FaultKind
{
    /// <summary>A process dies.</summary>
    Kill,

    /// <summary>A node's power is cut between two events.</summary>
    PowerCut,

    /// <summary>A node's power is cut within a disk operation.</summary>
    PowerCutInOperation,

    /// <summary>All nodes' power is cut at once: only what was synced survives.</summary>
    ClusterPowerCut,

    /// <summary>A node reaches nobody and nobody reaches it.</summary>
    Isolate,

    /// <summary>Some directions between some nodes are cut.</summary>
    OneWay,

    /// <summary>The nodes fall into two parts.</summary>
    Split,

    /// <summary>A connection breaks and is there again: what was under way is lost.</summary>
    Flap,

    /// <summary>A node does not run for a while.</summary>
    Pause,

    /// <summary>The network is slow for a while.</summary>
    SlowNetwork,

    /// <summary>A disk is slow for a while.</summary>
    SlowDisk,

    /// <summary>A sync fails once: the node must stop.</summary>
    SyncFails,

    /// <summary>A disk is full for a while.</summary>
    DiskFull,

    /// <summary>A bit on the disk of a node that is down flips: it must not start before that is repaired.</summary>
    BitRot,

    /// <summary>A wall clock jumps, within the bound.</summary>
    WallJump,

    /// <summary>A wall clock leaves the bound for a while, and the node is told so.</summary>
    WallAway,

    /// <summary>A monotonic clock runs at another rate.</summary>
    ClockRate,

    /// <summary>A node is told to hand its groups over.</summary>
    HandOver,

    /// <summary>A node is gone for good; once in a run.</summary>
    Lose,

    /// <summary>A copy of a node's directory is kept for later.</summary>
    Copy,

    /// <summary>An older copy is put in the place of a node's directory or log, or the log is emptied; later the right one is back.</summary>
    PutBack,

    /// <summary>A second process runs for a while on a copy of a running node's directory.</summary>
    Twin,

    /// <summary>One write to a disk takes seconds.</summary>
    Hang,
}
