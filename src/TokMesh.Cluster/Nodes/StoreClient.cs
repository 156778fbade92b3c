using System.Buffers;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Placement;

namespace TokMesh.Cluster.Nodes;

/// <summary>Calls to groups for code that awaits them.</summary>
/// <param name="node">The local node.</param>
/// <param name="continueInline">Whether awaiting code goes on inside the lane: for simulation only.</param>
public sealed class StoreClient(Node node, bool continueInline = false)
{
    /// <summary>The local node.</summary>
    public Node Node => node;

    /// <summary>An operation through the group's log.</summary>
    public ValueTask<StoreReply> WriteAsync(uint group, Action<IBufferWriter<byte>> operation, long deadlineMs, bool followsPointer = false) =>
        CallAsync(group, CallKind.Write, Encode(operation), Consistency.Linearizable, deadlineMs, followsPointer);

    /// <summary>A query.</summary>
    public ValueTask<StoreReply> ReadAsync(uint group, Action<IBufferWriter<byte>> query, Consistency consistency, long deadlineMs, bool followsPointer = false) =>
        CallAsync(group, CallKind.Read, Encode(query), consistency, deadlineMs, followsPointer);

    /// <summary>A query that only the leader answers.</summary>
    public ValueTask<StoreReply> LeaderReadAsync(uint group, Action<IBufferWriter<byte>> query, long deadlineMs, bool followsPointer = false) =>
        CallAsync(group, CallKind.LeaderRead, Encode(query), Consistency.Linearizable, deadlineMs, followsPointer);

    /// <summary>A call with its bytes (see <see cref="Call"/>).</summary>
    public async ValueTask<StoreReply> CallAsync(uint group, CallKind kind, ReadOnlyMemory<byte> body, Consistency consistency, long deadlineMs, bool followsPointer = false)
    {
        var span = CallSpan.Start(group, kind);
        var batch = new CallBatch(1, continueInline);
        var call = new Call { Group = group, Kind = kind, Body = body, Consistency = consistency, DeadlineMs = deadlineMs, Owner = batch, FollowsPointer = followsPointer };
        node.Submit(call);
        await batch.Completion.ConfigureAwait(false);
        var reply = StoreReply.Of(call);
        CallSpan.End(span, reply);
        return reply;
    }

    /// <summary>The same query to every shard at once; the replies in shard order.</summary>
    public async ValueTask<StoreReply[]> ReadAllShardsAsync(Action<IBufferWriter<byte>> query, Consistency consistency, long deadlineMs)
    {
        var calls = new Call[node.Bootstrap.ShardCount];
        var batch = new CallBatch(calls.Length, continueInline);
        var body = Encode(query);
        for (uint shard = 0; shard < calls.Length; shard++)
        {
            calls[shard] = new Call
            {
                Group = new ShardId(shard).Group,
                Kind = CallKind.Read,
                Body = body,
                Consistency = consistency,
                DeadlineMs = deadlineMs,
                Owner = batch,
            };
            node.Submit(calls[shard]);
        }
        await batch.Completion.ConfigureAwait(false);
        return [.. calls.Select(StoreReply.Of)];
    }

    private static ReadOnlyMemory<byte> Encode(Action<IBufferWriter<byte>> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        write(buffer);
        return buffer.WrittenMemory;
    }
}
