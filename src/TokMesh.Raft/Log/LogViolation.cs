namespace TokMesh.Raft.Log;

/// <summary>
/// Evidence that a disk has lost what its member had promised to keep. Raft rests on disks that do not forget; one that was rolled back,
/// emptied or replaced by a copy breaks that, and the member that notices says so and goes no further with it. On the wire: numbers may only grow.
/// </summary>
public enum LogViolation : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>A follower lacks entries that it had acknowledged to its leader: it may have forgotten votes as well.</summary>
    AcknowledgedMissing = 1,

    /// <summary>A leader's log contradicts what another member knows to be committed: the leader, or those who elected it, lost entries.</summary>
    CommittedContradicted = 2,
}
