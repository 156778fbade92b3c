namespace TokMesh.Cluster.Errors;

/// <summary>How bad a condition is.</summary>
public enum Severity : byte
{
    /// <summary>Good to know; the cluster is healthy all the same.</summary>
    Info = 1,

    /// <summary>Everything is served; somebody should look before something more happens.</summary>
    Warning = 2,

    /// <summary>Something is not served, or what was promised may be lost.</summary>
    Critical = 3,
}

/// <summary>
/// What can be wrong with a node or the cluster. On the wire between nodes: numbers may only grow. Texts, severities and what to do
/// are in <see cref="HealthCodes"/>; docs/operations.md lists them.
/// </summary>
public enum HealthCode : ushort
{
    /// <summary>TM-HLTH-1001: a member gives no sign of life.</summary>
    MemberSilent = 1001,

    /// <summary>TM-HLTH-1002: a leader does not hear a follower.</summary>
    FollowerUnreachable = 1002,

    /// <summary>TM-HLTH-1003: a node is refused by others, or refuses one.</summary>
    MemberRefused = 1003,

    /// <summary>TM-HLTH-1004: this node has started and does not know meta well enough yet.</summary>
    Starting = 1004,

    /// <summary>TM-HLTH-2001: no leader is known of some groups.</summary>
    NoLeader = 2001,

    /// <summary>TM-HLTH-2002: so many voters of some groups are away that no leader is possible.</summary>
    MajorityLost = 2002,

    /// <summary>TM-HLTH-2003: some groups would lose their majority with one more node.</summary>
    NoMargin = 2003,

    /// <summary>TM-HLTH-2004: replicas have been behind for a while, and are catching up.</summary>
    ReplicaBehind = 2004,

    /// <summary>TM-HLTH-2005: replicas are behind and make no progress.</summary>
    ReplicaStuck = 2005,

    /// <summary>TM-HLTH-2006: a follower lacks what it had acknowledged.</summary>
    AcknowledgedLost = 2006,

    /// <summary>TM-HLTH-2007: a replica objects to what a leader sends.</summary>
    LeaderObjected = 2007,

    /// <summary>TM-HLTH-3001: a wall clock is off the majority's.</summary>
    ClockDistrusted = 3001,

    /// <summary>TM-HLTH-4001: a disk does not answer.</summary>
    DiskHung = 4001,

    /// <summary>TM-HLTH-4002: a disk answers slowly.</summary>
    DiskSlow = 4002,
}

/// <summary>What is known of each <see cref="HealthCode"/>.</summary>
public static class HealthCodes
{
    /// <summary>All codes, in order.</summary>
    public static IReadOnlyList<HealthCode> All { get; } = Enum.GetValues<HealthCode>();

    /// <summary>The stable text form.</summary>
    public static string ToText(this HealthCode code) => $"TM-HLTH-{(ushort)code}";

    /// <summary>Its row in the registry of errors.</summary>
    internal static ErrorEntry ToEntry(this HealthCode code) => new(code.ToText(), What(code, "n", "some groups"), Remedy(code));

    /// <summary>How bad it is.</summary>
    public static Severity SeverityOf(HealthCode code) => code switch
    {
        HealthCode.Starting => Severity.Info,
        HealthCode.NoLeader or HealthCode.MajorityLost or HealthCode.AcknowledgedLost or HealthCode.LeaderObjected or HealthCode.DiskHung => Severity.Critical,
        _ => Severity.Warning,
    };

    /// <summary>Whether a node that says this of itself should not be sent requests.</summary>
    public static bool MakesUnready(HealthCode code) => code is HealthCode.MemberRefused or HealthCode.DiskHung || LeadersSayUnready(code);

    /// <summary>Whether a node of which a leader says this should not be sent requests.</summary>
    public static bool LeadersSayUnready(HealthCode code) => code is HealthCode.ReplicaBehind or HealthCode.ReplicaStuck or HealthCode.AcknowledgedLost;

    /// <summary>Whether it is about groups, and not about a member.</summary>
    public static bool IsAboutGroups(HealthCode code) => code is HealthCode.NoLeader or HealthCode.MajorityLost or HealthCode.NoMargin;

    /// <summary>
    /// Whether each group is counted by its leader alone, so that what several nodes say adds up; otherwise several may speak of the
    /// same groups, and the largest number is taken.
    /// </summary>
    public static bool AddsUp(HealthCode code) => code is HealthCode.FollowerUnreachable or HealthCode.NoMargin or HealthCode.ReplicaBehind or HealthCode.ReplicaStuck;

    /// <summary>How long it must be seen before it is raised, in milliseconds: an election or a full moment is no condition.</summary>
    public static int RaiseAfterMs(HealthCode code) => code switch
    {
        HealthCode.FollowerUnreachable or HealthCode.NoMargin or HealthCode.NoLeader or HealthCode.MajorityLost or HealthCode.MemberRefused => 1_500,
        _ => 0,
    };

    /// <summary>How long it must not be seen before it is cleared, in milliseconds.</summary>
    public static int ClearAfterMs(HealthCode code) => code switch
    {
        HealthCode.MemberSilent or HealthCode.Starting or HealthCode.ClockDistrusted => 0,
        _ => 2_500,
    };

    /// <summary>What is wrong, in one sentence without its end.</summary>
    internal static string What(HealthCode code, string node, string groups) => code switch
    {
        HealthCode.MemberSilent => $"Node {node} gives no sign of life",
        HealthCode.FollowerUnreachable => $"Node {node} does not answer the leaders of {groups}",
        HealthCode.MemberRefused => $"Node {node} is refused",
        HealthCode.Starting => $"Node {node} has not caught up with meta since it started",
        HealthCode.NoLeader => $"No leader is known of {groups}",
        HealthCode.MajorityLost => $"So many voters are away that {groups} can have no leader",
        HealthCode.NoMargin => $"One more failure loses the majority of {groups}",
        HealthCode.ReplicaBehind => $"Node {node} is behind with {groups} and catches up",
        HealthCode.ReplicaStuck => $"Node {node} is behind with {groups} and makes no progress",
        HealthCode.AcknowledgedLost => $"Node {node} lacks what it had acknowledged in {groups}",
        HealthCode.LeaderObjected => $"Node {node} objects to what a leader sends it in {groups}",
        HealthCode.ClockDistrusted => $"The clock of node {node} is off the majority's",
        HealthCode.DiskHung => $"The disk of node {node} does not answer",
        HealthCode.DiskSlow => $"The disk of node {node} is slow",
        _ => $"Node {node} reports something that this version does not know",
    };

    /// <summary>What to do about it.</summary>
    internal static string Remedy(HealthCode code) => code switch
    {
        HealthCode.MemberSilent => "start it, or look whether it hangs or its network is cut",
        HealthCode.FollowerUnreachable => "look whether it hangs, and at the network between the nodes",
        HealthCode.MemberRefused => "its log and the other's say why",
        HealthCode.Starting => "wait; if it stays, look whether a majority of meta's voters runs",
        HealthCode.NoLeader => "wait for an election; if it stays, look at the nodes that hold these groups",
        HealthCode.MajorityLost => "bring the nodes that hold these groups back",
        HealthCode.NoMargin => "bring back the node that is away or behind before another is stopped",
        HealthCode.ReplicaBehind => "wait; if it stays, look at its disk, processor and network",
        HealthCode.ReplicaStuck => "look at its log and disk; restart it, and if that does not help rebuild it from its peers",
        HealthCode.AcknowledgedLost => "stop it and put back the data directory it last ran with; do not stop another node meanwhile",
        HealthCode.LeaderObjected => "acknowledged entries were lost by the nodes that outvote it: stop those whose data directories were put back, and put back the ones they last ran with",
        HealthCode.ClockDistrusted => "correct its clock; until then it leads nothing and asks others what depends on the time",
        HealthCode.DiskHung => "look at the disk; the node leads nothing until it answers",
        HealthCode.DiskSlow => "look at the disk and at what else uses it",
        _ => "look at its log",
    };
}
