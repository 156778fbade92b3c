using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;

namespace TokMesh.Raft.Snapshots;

/// <summary>Which prefix of the log a snapshot stands for.</summary>
/// <param name="Index">Last entry it includes.</param>
/// <param name="Term">Term of that entry.</param>
/// <param name="Configuration">Membership in force at that entry.</param>
public sealed record SnapshotMeta(LogIndex Index, Term Term, Configuration Configuration);
