using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Outputs;

namespace TokMesh.Cluster.Replicas;

/// <summary>One replica of this node.</summary>
/// <param name="Group">0 is meta, shard s is group s + 1.</param>
/// <param name="Role">What it is doing.</param>
/// <param name="Leader">Whom it follows.</param>
/// <param name="Term">Its term.</param>
/// <param name="LastIndex">Its last entry.</param>
/// <param name="CommitIndex">Its last committed entry.</param>
/// <param name="AppliedIndex">Its last applied entry.</param>
/// <param name="Sessions">Sessions held.</param>
/// <param name="Keys">Plain keys held.</param>
/// <param name="Established">Whether it leads and has committed in its term.</param>
/// <param name="HasLease">Whether it would answer a read from its lease.</param>
/// <param name="Digest">Digest of its state, if asked for.</param>
/// <param name="Members">The membership in force on it.</param>
/// <param name="SnapshotIndex">What its last snapshot on disk covers.</param>
public sealed record ReplicaStatus(uint Group, Role Role, MemberId Leader, Term Term, LogIndex LastIndex, LogIndex CommitIndex,
    LogIndex AppliedIndex, int Sessions, int Keys, bool Established, bool HasLease, ulong? Digest,
    Configuration Members, LogIndex SnapshotIndex);
