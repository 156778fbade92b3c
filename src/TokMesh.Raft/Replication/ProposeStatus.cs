namespace TokMesh.Raft.Replication;

/// <summary>Answer to a proposal.</summary>
public enum ProposeStatus : byte
{
    /// <summary>In the leader's log; nothing is promised until it is applied.</summary>
    Accepted,

    /// <summary>This member does not lead, or is handing over. Nothing happened.</summary>
    NotLeader,

    /// <summary>Too much is waiting to be committed. Nothing happened.</summary>
    Busy,
}
