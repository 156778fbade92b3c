using TokMesh.Cluster.Calls;
using TokMesh.Redis.Commands;
using TokMesh.State.Replies;

namespace TokMesh.Redis.Replies;

/// <summary>The place of one command in the order of replies.</summary>
internal struct PendingReply
{
    /// <summary>What the reply looks like.</summary>
    public ReplyShape Shape;

    /// <summary>The command, for messages that name it.</summary>
    public CommandSpec? Command;

    /// <summary>The call, of a command that asks one shard.</summary>
    public Call? Call;

    /// <summary>The calls and which key is whose, of a command that asks several.</summary>
    public SplitCall? Split;

    /// <summary>Bytes of <see cref="ReplyShape.Written"/>.</summary>
    public int Length;

    /// <summary>The length of a value that has still to be fetched; 0 if there is nothing to fetch.</summary>
    public readonly int ToFetch =>
        Shape == ReplyShape.Value && Call is { Outcome: CallOutcome.Answered } call && call.Reply.Span[0] == (byte)ReplyTag.Integer
            ? (int)new ReplyReader(call.Reply.Span).Integer()
            : 0;

    /// <summary>Bytes of its shards' replies.</summary>
    public readonly long ReplyBytes
    {
        get
        {
            long bytes = Call?.Reply.Length ?? 0;
            if (Split is { } split)
                foreach (var call in split.Calls) bytes += call.Reply.Length;
            return bytes;
        }
    }
}

/// <summary>One command cut into a call per shard; each is atomic, all of them together are not.</summary>
/// <param name="Calls">One per shard.</param>
/// <param name="CallOfKey">Which call asks for which key.</param>
internal sealed record SplitCall(Call[] Calls, int[] CallOfKey);
