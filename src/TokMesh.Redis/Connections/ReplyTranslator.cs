using System.Buffers;
using System.Text.Json;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Sessions;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Replies;
using TokMesh.Redis.Stages;
using TokMesh.State.Errors;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.Redis.Connections;

/// <summary>Turns the shards' replies to a stage into Redis replies.</summary>
internal sealed class ReplyTranslator : IDisposable
{
    private readonly ArrayBufferWriter<byte> _json = new(512);
    private Utf8JsonWriter? _jsonWriter;

    /// <summary>
    /// Writes the replies of a stage whose calls have ended, from one on, until a value has to be fetched or enough is written; lets go
    /// of what is written. Gives the place of the first that is not.
    /// </summary>
    public int Write(ref RespWriter writer, Stage stage, int from)
    {
        var replies = stage.Replies;
        for (var place = from; place < replies.Length; place++)
        {
            ref var reply = ref replies[place];
            if (reply.Shape == ReplyShape.Written) writer.Raw(stage.TakeWritten(reply.Length));
            else if (reply.Shape == ReplyShape.NoRoom) writer.Error(ErrorReplies.NoRoom);
            else if (reply.ToFetch > 0 || writer.Committed > ReplyBounds.UnreadBytes) return place;
            else if (reply.Call is { } call) WriteOne(ref writer, reply, call);
            else if (reply.Split is { } split) WriteMany(ref writer, reply, split);
            (reply.Call, reply.Split) = (null, null);
        }
        return replies.Length;
    }

    /// <summary>A session as JSON in a bulk.</summary>
    public void Session(ref RespWriter writer, in SessionView session)
    {
        _json.ResetWrittenCount();
        if (_jsonWriter is null) _jsonWriter = new Utf8JsonWriter(_json);
        else _jsonWriter.Reset(_json);
        SessionJson.Write(_jsonWriter, session);
        _jsonWriter.Flush();
        writer.Bulk(_json.WrittenSpan);
    }

    /// <inheritdoc/>
    public void Dispose() => _jsonWriter?.Dispose();

    private void WriteOne(ref RespWriter writer, in PendingReply reply, Call call)
    {
        if (call.Outcome == CallOutcome.Answered)
        {
            var reader = new ReplyReader(call.Reply.Span);
            if (!reader.IsError)
            {
                if (reply.Shape is ReplyShape.NotAnIntegerIfThere or ReplyShape.InvalidExpireIfThere && reader.Integer() > 0)
                    writer.Error(reply.Shape == ReplyShape.NotAnIntegerIfThere ? ErrorReplies.NotAnInteger : ErrorReplies.InvalidExpire(reply.Command!));
                else Write(ref writer, reply.Shape, ref reader);
                return;
            }
            if (WriteAbsent(ref writer, reply.Shape, reader.Error(out _))) return;
        }
        writer.Error(ErrorReplies.Of(StoreReply.Of(call), reply.Command));
    }

    private void Write(ref RespWriter writer, ReplyShape shape, ref ReplyReader reader)
    {
        switch (shape)
        {
            case ReplyShape.Plain or ReplyShape.Value:
                Plain(ref writer, ref reader);
                break;
            case ReplyShape.NotAnIntegerIfThere or ReplyShape.InvalidExpireIfThere:
                writer.Nil();
                break;
            case ReplyShape.Seconds or ReplyShape.SessionTtlSeconds:
                var ms = reader.Integer();
                // Redis rounds to the nearest second.
                writer.Integer(ms < 0 ? ms : (ms / 1000) + (ms % 1000 >= 500 ? 1 : 0));
                break;
            case ReplyShape.OneIfOk:
                writer.Integer(reader.Tag == ReplyTag.Ok ? 1 : 0);
                break;
            case ReplyShape.Status:
                writer.Status(reader.Bulk());
                break;
            case ReplyShape.SessionJson:
                Session(ref writer, reader.Session());
                break;
            case ReplyShape.SessionTtl or ReplyShape.SessionEnded:
                writer.Integer(reader.Integer());
                break;
            case ReplyShape.SessionThere:
                writer.Integer(reader.Integer() == -2 ? 0 : 1);
                break;
            case ReplyShape.SessionType:
                writer.Status(reader.Integer() == -2 ? "none"u8 : "string"u8);
                break;
            case ReplyShape.SessionRenewed:
                writer.Integer(1);
                break;
            case ReplyShape.TokenValid:
                writer.Ok();
                break;
            case ReplyShape.SessionTouched:
                writer.Integer(reader.Session().LastActive);
                break;
            default:
                throw new InvalidDataException($"A reply of one shard has no shape {shape}.");
        }
    }

    /// <summary>What Redis says of a key that is not there, of the commands that say it of a session.</summary>
    private static bool WriteAbsent(ref RespWriter writer, ReplyShape shape, ErrorCode code)
    {
        if (code is not (ErrorCode.SessionNotFound or ErrorCode.SessionExpired)) return false;
        switch (shape)
        {
            case ReplyShape.SessionJson:
                writer.Nil();
                return true;
            case ReplyShape.SessionRenewed:
                writer.Integer(0);
                return true;
            default:
                return false;
        }
    }

    private static void Plain(ref RespWriter writer, ref ReplyReader reader)
    {
        switch (reader.Tag)
        {
            case ReplyTag.Ok:
                writer.Ok();
                break;
            case ReplyTag.Integer:
                writer.Integer(reader.Integer());
                break;
            case ReplyTag.Bulk:
                writer.Bulk(reader.Bulk());
                break;
            case ReplyTag.Nil:
                writer.Nil();
                break;
            case ReplyTag.Array:
                var count = reader.Array();
                writer.Array(count);
                for (; count > 0; count--)
                {
                    reader.NextReply();
                    Plain(ref writer, ref reader);
                }
                break;
            default:
                throw new InvalidDataException($"A key's reply is {reader.Tag}.");
        }
    }

    private static void WriteMany(ref RespWriter writer, in PendingReply reply, SplitCall split)
    {
        if (WriteFailure(ref writer, reply, split.Calls)) return;
        switch (reply.Shape)
        {
            case ReplyShape.AllOk:
                writer.Ok();
                break;
            case ReplyShape.Sum:
                long sum = 0;
                foreach (var call in split.Calls) sum += new ReplyReader(call.Reply.Span).Integer();
                writer.Integer(sum);
                break;
            default:
                Values(ref writer, split);
                break;
        }
    }

    /// <summary>
    /// One shard's failure is the command's. Of writes, "nothing happened" is said only when no shard did its part.
    /// </summary>
    private static bool WriteFailure(ref RespWriter writer, in PendingReply reply, Call[] calls)
    {
        StoreReply? failed = null;
        var partly = false;
        foreach (var call in calls)
        {
            var answer = StoreReply.Of(call);
            partly |= answer.Verdict is Verdict.Done or Verdict.ReplyLost or Verdict.Unknown && call.Kind == CallKind.Write;
            if (!answer.IsOk) failed ??= answer;
        }
        if (failed is not { } why) return false;
        writer.Error(partly ? ErrorReplies.Of(ErrorCode.ClusterTimeout, ErrorReplies.UnknownOutcome) : ErrorReplies.Of(why, reply.Command));
        return true;
    }

    /// <summary>Merges the shards' arrays: each shard's values come in the order of the keys, so one walk over the keys is enough.</summary>
    private static void Values(ref RespWriter writer, SplitCall split)
    {
        var next = new ReadOnlyMemory<byte>[split.Calls.Length];
        for (var i = 0; i < next.Length; i++)
        {
            var array = split.Calls[i].Reply;
            // The tag, then the count as a varint.
            var head = 1;
            while (array.Span[head++] >= 0x80)
            {
            }
            next[i] = array[head..];
        }
        writer.Array(split.CallOfKey.Length);
        foreach (var call in split.CallOfKey)
        {
            var rest = next[call].Span;
            var reader = new ReplyReader(rest);
            if (reader.Tag == ReplyTag.Nil)
            {
                writer.Nil();
                next[call] = next[call][1..];
                continue;
            }
            var value = reader.Bulk();
            writer.Bulk(value);
            // An empty value is its tag and a zero.
            var end = rest.Overlaps(value, out var at) ? at + value.Length : 2;
            next[call] = next[call][end..];
        }
    }
}
