using TokMesh.Cluster;
using TokMesh.State;

namespace TokMesh.Redis;

/// <summary>What became of a command that was offered to a stage.</summary>
internal enum Taken : byte
{
    /// <summary>Its reply has a place in the stage.</summary>
    Done,

    /// <summary>It must not run together with what is in the stage: end that and offer the command again.</summary>
    NextStage,

    /// <summary>It takes several steps or changes the connection: it runs alone, after everything before it.</summary>
    Alone,
}

/// <summary>What building a command's calls needs: the door, the client, the stage, and room for bodies.</summary>
internal sealed class CommandScope(RedisDoor door, ClientState client, Stage stage)
{
    public RedisDoor Door => door;

    public ClientState Client => client;

    public Stage Stage => stage;

    /// <summary>Write a call's body here, then submit it.</summary>
    public BodyArena Arena { get; } = new();

    /// <summary>For the calls being built.</summary>
    public long DeadlineMs { get; private set; }

    /// <summary>Sets the deadline of the calls that follow.</summary>
    public void StartClock() => DeadlineMs = door.Node.NowMs + door.Options.CommandTimeoutMs;

    public uint GroupOf(ReadOnlySpan<byte> key) => Sharding.OfKey(key, door.ShardCount).Group;

    /// <summary>Whether a plain key may be read in this stage.</summary>
    public bool MayRead(ReadOnlySpan<byte> key, out uint group) => stage.MayRead(group = GroupOf(key));

    /// <summary>Whether a plain key may be written in this stage.</summary>
    public bool MayWrite(ReadOnlySpan<byte> key, out uint group) => stage.MayWrite(group = GroupOf(key));

    /// <summary>Sends the body in the arena.</summary>
    public Taken Submit(CommandSpec command, ReplyShape shape, uint group, CallKind kind)
    {
        // What asks for a session asks for it wherever it is.
        var call = NewCall(group, kind, Arena.Take(), followsPointer: shape >= ReplyShape.SessionJson);
        stage.Add(shape, command, call);
        door.Node.Submit(call);
        return Taken.Done;
    }

    /// <summary>Sends the calls of a command that asks several shards.</summary>
    public Taken Submit(CommandSpec command, ReplyShape shape, SplitCall split)
    {
        stage.Add(shape, command, split);
        foreach (var call in split.Calls) door.Node.Submit(call);
        return Taken.Done;
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

    public Taken Refuse(string error)
    {
        var writer = Write();
        writer.Error(error);
        return End(ref writer);
    }

    public Taken Refuse(ErrorCode code, string detail) => Refuse(ErrorReplies.Of(code, detail));

    public Taken Ok()
    {
        var writer = Write();
        writer.Ok();
        return End(ref writer);
    }

    public Taken End(ref RespWriter writer)
    {
        stage.Add(ref writer);
        return Taken.Done;
    }
}
