namespace TokMesh.Raft.Membership;

/// <summary>Answer to a proposed membership.</summary>
public enum ChangeStatus : byte
{
    /// <summary>In the leader's log and in force there; committed, or undone, like any entry.</summary>
    Accepted,

    /// <summary>It is in force already. Nothing happened.</summary>
    Unchanged,

    /// <summary>This member does not lead, or is handing over. Nothing happened.</summary>
    NotLeader,

    /// <summary>An earlier change is not committed yet, or not left yet, or this leader has not committed in its term. Nothing happened.</summary>
    InProgress,

    /// <summary>A learner that is to vote lacks too much of the log yet. Nothing happened.</summary>
    NotCaughtUp,

    /// <summary>The membership in force follows a later plan (<see cref="Configuration.Generation"/>). Nothing happened.</summary>
    Outdated,

    /// <summary>The membership is not possible; see the reason. Nothing happened.</summary>
    Invalid,
}
