using System.Buffers;
using TokMesh.State;

namespace TokMesh.Cluster;

/// <summary>How a call ended, for a door to translate.</summary>
/// <param name="Outcome">Answered, failed or unknown.</param>
/// <param name="Error">What the shard's rules said, or why there was no answer; None when all is well.</param>
/// <param name="Detail">What happened and what to do; may be empty.</param>
/// <param name="Body">The reply, for a <see cref="ReplyReader"/>; empty unless answered.</param>
public readonly record struct StoreReply(CallOutcome Outcome, ErrorCode Error, string Detail, ReadOnlyMemory<byte> Body)
{
    /// <summary>Whether it was answered without an error.</summary>
    public bool IsOk => Outcome == CallOutcome.Answered && Error == ErrorCode.None;

    /// <summary>The kind of reply; only of an answered one.</summary>
    public ReplyTag Tag => (ReplyTag)Body.Span[0];

    /// <summary>A refusal that reached no shard.</summary>
    public static StoreReply Refused(ErrorCode error, string detail = "") => new(CallOutcome.Failed, error, detail, default);

    /// <summary>The result of a call that has ended.</summary>
    public static StoreReply Of(Call call)
    {
        switch (call.Outcome)
        {
            case CallOutcome.Answered:
                var reader = new ReplyReader(call.Reply.Span);
                if (!reader.IsError) return new StoreReply(CallOutcome.Answered, ErrorCode.None, "", call.Reply);
                var code = reader.Error(out var message);
                return new StoreReply(CallOutcome.Answered, code, message, call.Reply);
            case CallOutcome.Unknown:
                return new StoreReply(CallOutcome.Unknown, call.Error, "No answer in time: it may have happened. Read before you repeat it.", default);
            default:
                return new StoreReply(CallOutcome.Failed, call.Error, call.Error switch
                {
                    ErrorCode.SysTooManyRequests => "The queues are full; nothing happened. Try again after a moment.",
                    ErrorCode.ClusterNoNode => "No leader could be reached in time; nothing happened. Try again.",
                    _ => "Nothing happened. Try again.",
                }, default);
        }
    }
}

/// <summary>Calls to groups for code that awaits them.</summary>
/// <param name="node">The local node.</param>
/// <param name="continueInline">Whether awaiting code goes on inside the lane: for simulation only.</param>
public sealed class StoreClient(Node node, bool continueInline = false)
{
    /// <summary>The local node.</summary>
    public Node Node => node;

    /// <summary>An operation through the group's log.</summary>
    public ValueTask<StoreReply> WriteAsync(uint group, Action<IBufferWriter<byte>> operation, long deadlineMs) =>
        CallAsync(group, CallKind.Write, Encode(operation), Consistency.Linearizable, deadlineMs);

    /// <summary>A query.</summary>
    public ValueTask<StoreReply> ReadAsync(uint group, Action<IBufferWriter<byte>> query, Consistency consistency, long deadlineMs) =>
        CallAsync(group, CallKind.Read, Encode(query), consistency, deadlineMs);

    /// <summary>A query that only the leader answers.</summary>
    public ValueTask<StoreReply> LeaderReadAsync(uint group, Action<IBufferWriter<byte>> query, long deadlineMs) =>
        CallAsync(group, CallKind.LeaderRead, Encode(query), Consistency.Linearizable, deadlineMs);

    /// <summary>A call with its bytes.</summary>
    public async ValueTask<StoreReply> CallAsync(uint group, CallKind kind, ReadOnlyMemory<byte> body, Consistency consistency, long deadlineMs)
    {
        var batch = new CallBatch(1, continueInline);
        var call = new Call { Group = group, Kind = kind, Body = body, Consistency = consistency, DeadlineMs = deadlineMs, Owner = batch };
        node.Submit(call);
        await batch.Completion;
        return StoreReply.Of(call);
    }

    /// <summary>The same query to every shard at once; the replies in shard order.</summary>
    public async ValueTask<StoreReply[]> ReadAllShardsAsync(Action<IBufferWriter<byte>> query, Consistency consistency, long deadlineMs)
    {
        var calls = new Call[node.Genesis.ShardCount];
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
        await batch.Completion;
        return [.. calls.Select(StoreReply.Of)];
    }

    private static ReadOnlyMemory<byte> Encode(Action<IBufferWriter<byte>> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        write(buffer);
        return buffer.WrittenMemory;
    }
}
