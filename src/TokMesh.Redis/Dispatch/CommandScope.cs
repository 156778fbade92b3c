using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Placement;
using TokMesh.Redis.Commands;
using TokMesh.Redis.FrontEnd;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Replies;
using TokMesh.Redis.Stages;
using TokMesh.State.Errors;

namespace TokMesh.Redis.Dispatch;

/// <summary>What became of a command that was offered to a stage.</summary>
internal enum DispatchResult : byte
{
    /// <summary>Its reply has a place in the stage.</summary>
    Done,

    /// <summary>It must not run together with what is in the stage: end that and offer the command again.</summary>
    NextStage,

    /// <summary>It takes several steps or changes the connection: it runs alone, after everything before it.</summary>
    Exclusive,
}

/// <summary>What building a command's calls needs: the front end, the client, the stage, and room for bodies.</summary>
internal sealed class CommandScope(RedisFrontEnd frontEnd, ClientState client, Stage stage)
{
    public RedisFrontEnd FrontEnd => frontEnd;

    public ClientState Client => client;

    public Stage Stage => stage;

    /// <summary>Write a call's body here, then submit it.</summary>
    public BodyArena Arena { get; } = new();

    /// <summary>For the calls being built.</summary>
    public long DeadlineMs { get; private set; }

    /// <summary>Sets the deadline of the calls that follow.</summary>
    public void StartClock() => DeadlineMs = frontEnd.Node.NowMs + frontEnd.Options.CommandTimeoutMs;

    public uint GroupOf(ReadOnlySpan<byte> key) => Sharding.OfKey(key, frontEnd.ShardCount).Group;

    /// <summary>Whether a plain key may be read in this stage.</summary>
    public bool MayRead(ReadOnlySpan<byte> key, out uint group) => stage.MayRead(group = GroupOf(key));

    /// <summary>Whether a plain key may be written in this stage.</summary>
    public bool MayWrite(ReadOnlySpan<byte> key, out uint group) => stage.MayWrite(group = GroupOf(key));

    /// <summary>Sends the body in the arena.</summary>
    public DispatchResult Submit(CommandSpec command, ReplyShape shape, uint group, CallKind kind)
    {
        // What asks for a session asks for it wherever it is.
        var call = NewCall(group, kind, Arena.Take(), followsPointer: shape >= ReplyShape.SessionJson);
        stage.Add(shape, command, call);
        frontEnd.Node.Submit(call);
        return DispatchResult.Done;
    }

    /// <summary>Sends the calls of a command that asks several shards.</summary>
    public DispatchResult Submit(CommandSpec command, ReplyShape shape, SplitCall split)
    {
        stage.Add(shape, command, split);
        foreach (var call in split.Calls) frontEnd.Node.Submit(call);
        return DispatchResult.Done;
    }

    public Call NewCall(uint group, CallKind kind, ReadOnlyMemory<byte> body, bool followsPointer = false) => new()
    {
        Group = group,
        Kind = kind,
        Body = body,
        DeadlineMs = DeadlineMs,
        Consistency = client.Consistency,
        Owner = stage,
        FollowsPointer = followsPointer,
    };

    public RespWriter Write() => stage.Write(client.IsResp3);

    public DispatchResult Refuse(string error)
    {
        var writer = Write();
        writer.Error(error);
        return End(ref writer);
    }

    public DispatchResult Refuse(ErrorCode code, string detail) => Refuse(ErrorReplies.Of(code, detail));

    public DispatchResult Ok()
    {
        var writer = Write();
        writer.Ok();
        return End(ref writer);
    }

    public DispatchResult End(ref RespWriter writer)
    {
        stage.Add(ref writer);
        return DispatchResult.Done;
    }
}
