namespace TokMesh.Raft.Transfer;

/// <summary>Answer to a request to hand over leadership.</summary>
public enum TransferStatus : byte
{
    /// <summary>Under way; it has happened when another leader is known, and is given up after an election timeout.</summary>
    Started,

    /// <summary>This member does not lead. Nothing happened.</summary>
    NotLeader,

    /// <summary>The target has no vote, or is on its way out. Nothing happened; a transfer under way goes on.</summary>
    NotVoter,

    /// <summary>The target is this member, which leads. A transfer under way is given up.</summary>
    AlreadyLeads,
}
