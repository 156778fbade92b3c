using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Wire;

namespace TokMesh.Cluster.Replicas;

/// <summary>
/// Lets a simulation see every protocol event of a node's replicas, in order. All are called by the replica's lane; none may change
/// anything. A node in production has none of it and pays a comparison with null.
/// </summary>
/// <param name="Output">
/// Gives what stands between a replica's Raft member and the replica, which is an <see cref="IRaftOutput"/> itself and must be told
/// everything that the member says.
/// </param>
/// <param name="Received">A message is about to be given to the member.</param>
/// <param name="Persisted">The member is about to be told that its write of this number is on disk.</param>
/// <param name="Stepped">Term, vote, role, log or membership may be others than before.</param>
/// <param name="Removed">The replica was deleted; a later one of the same group begins with the tombstone.</param>
internal sealed record ReplicaTrace(
    Func<Replica, IRaftOutput> Output,
    ReceivedMessage Received,
    Action<Replica, ulong> Persisted,
    Action<Replica> Stepped,
    Action<Replica> Removed);

/// <summary>Hears of a message with what travels beside it.</summary>
internal delegate void ReceivedMessage(Replica replica, in Message message, IReadOnlyList<Entry> entries, ReadOnlySpan<byte> data);
