using TokMesh.Raft.Log;

namespace TokMesh.Raft.Wire;

/// <summary>Kinds of messages between members. Numbers are on the wire: they may only grow.</summary>
public enum MessageType : byte
{
    /// <summary>"Would you vote for me?": asks without raising anybody's term (Raft dissertation, section 9.6).</summary>
    PreVote = 1,

    /// <summary>Answer to <see cref="PreVote"/>.</summary>
    PreVoteReply = 2,

    /// <summary>Request for a vote.</summary>
    Vote = 3,

    /// <summary>Answer to <see cref="Vote"/>; a granted one is durable when it leaves.</summary>
    VoteReply = 4,

    /// <summary>Entries after a known position, or none to probe that position.</summary>
    Append = 5,

    /// <summary>Answer to <see cref="Append"/>; an accepted one is durable when it leaves.</summary>
    AppendReply = 6,

    /// <summary>The leader lives; carries a round number that confirms reads and the lease.</summary>
    Heartbeat = 7,

    /// <summary>Answer to <see cref="Heartbeat"/>.</summary>
    HeartbeatReply = 8,

    /// <summary>A piece of a snapshot.</summary>
    SnapshotChunk = 9,

    /// <summary>How much of a snapshot has arrived.</summary>
    SnapshotReply = 10,

    /// <summary>The leader hands over: the receiver should stand at once (dissertation, section 3.10).</summary>
    TimeoutNow = 11,

    /// <summary>The sender follows no further: its disk or the leader's has lost what it had promised to keep (<see cref="LogViolation"/>).</summary>
    Violation = 12,

    /// <summary>The leader no longer counts the receiver, for the same kind of reason.</summary>
    Exclusion = 13,
}

/// <summary>
/// One message between two members of a group. Which fields mean something depends on <see cref="Type"/>; the entries of an
/// <see cref="MessageType.Append"/> and the bytes of a <see cref="MessageType.SnapshotChunk"/> travel beside it.
/// </summary>
public readonly record struct Message
{
    /// <summary>What it is.</summary>
    public required MessageType Type { get; init; }

    /// <summary>Sender.</summary>
    public required MemberId From { get; init; }

    /// <summary>Receiver.</summary>
    public required MemberId To { get; init; }

    /// <summary>Sender's term; of a pre-vote and its grant, the term the candidate would run in.</summary>
    public required Term Term { get; init; }

    /// <summary>
    /// Append: position before the first entry. AppendReply: last position known to match, or the refused position.
    /// Violation, Exclusion: the position that is missing or contradicted. Vote, PreVote: candidate's last position. Snapshot messages:
    /// last position the snapshot includes.
    /// </summary>
    public LogIndex Index { get; init; }

    /// <summary>Heartbeat: how far the log is committed, without regard to the receiver.</summary>
    public LogIndex LeaderCommit { get => Index; init => Index = value; }

    /// <summary>
    /// Term at <see cref="Index"/>, also in an AppendReply; in a refused one the term at <see cref="Hint"/>. What the wire carries of
    /// <see cref="QuiescentTerm"/>, too: no type has both.
    /// </summary>
    public Term LogTerm { get; init; }

    /// <summary>
    /// Heartbeat: the term of the log's end, which is at <see cref="LeaderCommit"/>, when the group may become quiescent; zero when it may not. The reply
    /// of a follower that does repeats it.
    /// </summary>
    public Term QuiescentTerm { get => LogTerm; init => LogTerm = value; }

    /// <summary>Append, Heartbeat: how far the sender knows the log to be committed (never beyond what the receiver matched, in a heartbeat).</summary>
    public LogIndex Commit { get; init; }

    /// <summary>Whether a request was refused.</summary>
    public bool Reject { get; init; }

    /// <summary>Refused AppendReply: largest position at which the follower's log may still agree with the leader's.</summary>
    public LogIndex Hint { get; init; }

    /// <summary>What the wire carries of <see cref="Probe"/>, <see cref="Round"/>, <see cref="Transfer"/>, <see cref="Violation"/> and <see cref="IsForLeader"/>: no type has two of them.</summary>
    public ulong Context { get; init; }

    /// <summary>Append and its reply: the number of a probe, zero for none.</summary>
    public ulong Probe { get => Context; init => Context = value; }

    /// <summary>Heartbeat and its reply: the leader's round number.</summary>
    public ulong Round { get => Context; init => Context = value; }

    /// <summary>Snapshot messages: identifies the transfer, so that pieces of two snapshots are never mixed.</summary>
    public ulong Transfer { get => Context; init => Context = value; }

    /// <summary>Violation, Exclusion: which one.</summary>
    public LogViolation Violation { get => (LogViolation)Context; init => Context = (ulong)value; }

    /// <summary>Vote: whether the leader itself made the candidate stand, so that a lease is no reason to refuse.</summary>
    public bool IsForLeader { get => Context != 0; init => Context = value ? 1UL : 0; }

    /// <summary>What the wire carries of <see cref="Position"/> and <see cref="Clock"/>: no type has both.</summary>
    public long Offset { get; init; }

    /// <summary>Snapshot messages: position in bytes.</summary>
    public long Position { get => Offset; init => Offset = value; }

    /// <summary>
    /// HeartbeatReply: the follower's clock in milliseconds plus one. Heartbeat: such a value given back, of a moment at which the sender
    /// certainly led; zero for none.
    /// </summary>
    public long Clock { get => Offset; init => Offset = value; }

    /// <summary>SnapshotChunk: size of the whole in bytes.</summary>
    public long Total { get; init; }
}
