using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Nodes;
using TokMesh.Orleans.Nodes;
using TokMesh.Orleans.Placement;
using TokMesh.State.Keys;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.Orleans.Grains;

/// <summary>
/// The addressable face of one replica: what one node holds of one shard. The key is the shard's number and the node's id; the shard
/// <see cref="Meta"/> is the control plane. The grain lives on its node's silo and nowhere else, and holds nothing itself: a second
/// activation, if Orleans should make one, is a second front end to the same replica.
/// </summary>
[Alias("tokmesh.replica")]
public interface IReplicaGrain : IGrainWithIntegerCompoundKey
{
    /// <summary>The shard number that stands for meta.</summary>
    const long Meta = -1;

    /// <summary>
    /// Proposes an operation, if this replica leads its shard. <see cref="ReplicaReply.Outcome"/> says whether it happened, did not,
    /// or may have.
    /// </summary>
    /// <param name="operation">In the shard's own encoding (<see cref="SessionOps"/>, <see cref="KeyOps"/>, <see cref="MetaOps"/>).</param>
    /// <param name="deadlineMs">Longest wait in milliseconds, 1 to 600,000.</param>
    /// <param name="cancel">Gives up waiting; the operation may still happen.</param>
    /// <exception cref="NodeNotHereException">The node is not in the cluster.</exception>
    /// <exception cref="NodeNotReadyException">The node is starting or stopping.</exception>
    [Alias("propose")]
    Task<ReplicaReply> Propose(byte[] operation, int deadlineMs, CancellationToken cancel = default);

    /// <summary>Asks through this replica's node; a linearizable read is answered from what the leader confirms.</summary>
    /// <param name="query">In the shard's own encoding (<see cref="State.Queries"/>).</param>
    /// <param name="maxStalenessMs">0 for linearizable, -1 for whatever this replica has, else the most it may be behind.</param>
    /// <param name="deadlineMs">Longest wait in milliseconds, 1 to 600,000.</param>
    /// <param name="cancel">Gives up waiting.</param>
    /// <exception cref="NodeNotHereException">The node is not in the cluster.</exception>
    /// <exception cref="NodeNotReadyException">The node is starting or stopping.</exception>
    [Alias("read")]
    Task<ReplicaReply> Read(byte[] query, int maxStalenessMs, int deadlineMs, CancellationToken cancel = default);

    /// <summary>How the replica stands; null when the node holds none of the shard.</summary>
    /// <param name="digest">Whether to compute the digest of its state: a walk over everything.</param>
    /// <param name="cancel">Gives up waiting.</param>
    [Alias("status")]
    Task<ReplicaView?> Status(bool digest = false, CancellationToken cancel = default);

    /// <summary>
    /// Asks the shard for another membership, if this replica leads it (<see cref="Node.ChangeMembers"/>). A voter must have been a
    /// learner and have caught up. "Accepted" says that the change is in the leader's log; <see cref="Status"/> shows when it is in force.
    /// </summary>
    /// <param name="voters">Member numbers.</param>
    /// <param name="learners">Member numbers.</param>
    /// <param name="cancel">Gives up waiting.</param>
    [Alias("change")]
    Task<MembershipReply> ChangeMembers(uint[] voters, uint[] learners, CancellationToken cancel = default);

    /// <summary>
    /// Hands leadership of the shard to another node, if this replica leads it: the other is brought up to date and told to stand. Meanwhile no write
    /// is taken. <see cref="Status"/> of the other shows when it leads; if it does not within an election timeout, this replica leads on.
    /// </summary>
    /// <param name="nodeId">A node that votes in the shard.</param>
    /// <param name="cancel">Gives up waiting.</param>
    [Alias("transfer")]
    Task<TransferReply> Transfer(string nodeId, CancellationToken cancel = default);

    /// <summary>Has the replica write a snapshot of what it has applied. False when the node holds no replica of the shard.</summary>
    [Alias("snapshot")]
    Task<bool> TakeSnapshot(CancellationToken cancel = default);
}

/// <summary>How a call to a replica ended.</summary>
[GenerateSerializer]
public enum ReplicaOutcome : byte
{
    /// <summary>The shard answered; the answer may be an error of its rules.</summary>
    Answered = 1,

    /// <summary>Nothing happened, and nothing will.</summary>
    NotExecuted = 2,

    /// <summary>It may have happened, or may still happen.</summary>
    Unknown = 3,

    /// <summary>Nothing happened: this replica does not lead. <see cref="ReplicaReply.Leader"/> is whom it follows.</summary>
    NotLeader = 4,
}

/// <summary>Answer of a replica.</summary>
/// <param name="Outcome">Whether it happened.</param>
/// <param name="Code">Stable code of an error, such as <c>TM-SESS-4040</c>; empty when all is well.</param>
/// <param name="Detail">What happened and what to do; may be empty.</param>
/// <param name="Body">The reply, for a <see cref="ReplyReader"/>; empty unless answered.</param>
/// <param name="Leader">Node id of the leader, where this replica does not lead and knows it; else empty.</param>
[GenerateSerializer, Immutable, Alias("tokmesh.replica-reply")]
public sealed record ReplicaReply([property: Id(0)] ReplicaOutcome Outcome, [property: Id(1)] string Code, [property: Id(2)] string Detail,
    [property: Id(3)] byte[] Body, [property: Id(4)] string Leader);

/// <summary>How a replica stands.</summary>
[GenerateSerializer, Immutable, Alias("tokmesh.replica-view")]
public sealed record ReplicaView
{
    /// <summary>What it is doing: follower, candidate, leader, learner and so on, in lower case.</summary>
    [Id(0)]
    public required string Role { get; init; }

    /// <summary>Node id of the leader it knows; empty when it knows none.</summary>
    [Id(1)]
    public required string Leader { get; init; }

    /// <summary>Its term.</summary>
    [Id(2)]
    public required ulong Term { get; init; }

    /// <summary>Its last entry.</summary>
    [Id(3)]
    public required ulong LastIndex { get; init; }

    /// <summary>Its last committed entry.</summary>
    [Id(4)]
    public required ulong CommitIndex { get; init; }

    /// <summary>Its last applied entry.</summary>
    [Id(5)]
    public required ulong AppliedIndex { get; init; }

    /// <summary>What its last snapshot on disk covers; 0 for none.</summary>
    [Id(6)]
    public required ulong SnapshotIndex { get; init; }

    /// <summary>Sessions held.</summary>
    [Id(7)]
    public required int Sessions { get; init; }

    /// <summary>Plain keys held.</summary>
    [Id(8)]
    public required int Keys { get; init; }

    /// <summary>Member numbers whose votes count.</summary>
    [Id(9)]
    public required uint[] Voters { get; init; }

    /// <summary>Member numbers that receive the log and never vote.</summary>
    [Id(10)]
    public required uint[] Learners { get; init; }

    /// <summary>Whether a joint configuration is in force.</summary>
    [Id(11)]
    public required bool IsJoint { get; init; }

    /// <summary>Digest of its state, if asked for.</summary>
    [Id(12)]
    public ulong? Digest { get; init; }
}

/// <summary>Answer to a transfer of leadership.</summary>
/// <param name="Started">Whether it has begun.</param>
/// <param name="Status">One word: started, alreadyleads, notleader, notvoter.</param>
[GenerateSerializer, Immutable, Alias("tokmesh.transfer-reply")]
public sealed record TransferReply([property: Id(0)] bool Started, [property: Id(1)] string Status);

/// <summary>Answer to a change of membership.</summary>
/// <param name="Accepted">Whether it is in the leader's log, or was in force already.</param>
/// <param name="Status">One word: accepted, unchanged, notleader, invalid, inprogress, notcaughtup.</param>
/// <param name="Reason">Why not, in words.</param>
[GenerateSerializer, Immutable, Alias("tokmesh.membership-reply")]
public sealed record MembershipReply([property: Id(0)] bool Accepted, [property: Id(1)] string Status, [property: Id(2)] string Reason);
