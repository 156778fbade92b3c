using TokMesh.Raft.Log;
using TokMesh.Raft.Snapshots;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Outputs;

/// <summary>What a member of a group is doing.</summary>
public enum Role : byte
{
    /// <summary>Follows a leader, or waits for one.</summary>
    Follower,

    /// <summary>Asks whether it would be voted for.</summary>
    PreCandidate,

    /// <summary>Asks for votes.</summary>
    Candidate,

    /// <summary>Leads its term.</summary>
    Leader,
}

/// <summary>
/// Receives what a group wants done, during <see cref="RaftGroup.Drain"/>. Spans are valid during the call only. A message that
/// promises something on disk is not handed out before <see cref="RaftGroup.Persisted"/> has been told so: sending too early
/// cannot be written down.
/// </summary>
public interface IRaftOutput
{
    /// <summary>Write this; when it and everything handed out before is on disk, call <see cref="RaftGroup.Persisted"/> with <paramref name="seq"/>.</summary>
    void Persist(ulong seq, HardState? hardState, ReadOnlySpan<Entry> entries);

    /// <summary>Send this, best effort, in order.</summary>
    void Send(in Message message, ReadOnlySpan<Entry> entries, ReadOnlySpan<byte> data);

    /// <summary>Give these committed entries to the state machine, now and in order.</summary>
    void Apply(ReadOnlySpan<Entry> entries);

    /// <summary>The read begun with this context may be answered from the state machine as it is now.</summary>
    void ReadReady(ulong context);

    /// <summary>The read cannot be answered here: leadership was lost.</summary>
    void ReadLost(ulong context);

    /// <summary>A follower needs a snapshot: call <see cref="RaftGroup.ProvideSnapshot"/> with one of the applied state.</summary>
    void SnapshotNeeded(MemberId to);

    /// <summary>
    /// A whole snapshot has arrived: make it durable, replace the state machine with it, then call
    /// <see cref="RaftGroup.SnapshotInstalled"/>. The group takes no entries until then.
    /// </summary>
    void InstallSnapshot(SnapshotMeta meta, ReadOnlyMemory<byte> data);

    /// <summary>This leader no longer counts a follower, nor its vote: the position shows that one of the two lost entries.</summary>
    void Excluded(MemberId follower, LogViolation violation, LogIndex index);

    /// <summary>
    /// This member takes part no more until it is started again on another disk: it lacks what it acknowledged, or its leader
    /// lacks what is committed.
    /// </summary>
    void Halted(LogViolation violation, MemberId leader, LogIndex index);

    /// <summary>Role, term or known leader changed.</summary>
    void RoleChanged(Role role, Term term, MemberId leader);
}
