using TokMesh.Cluster.Calls;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Replies;
using TokMesh.State.Keys;
using TokMesh.State.Queries;

namespace TokMesh.Redis.Keys;

/// <summary>Commands on the expiry and the type of one plain key (https://redis.io/commands/?group=generic).</summary>
internal static class ExpiryCommands
{
    /// <summary>EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT.</summary>
    public static DispatchResult Expire(CommandScope scope, CommandSpec command, in Request request)
    {
        // Redis reads the conditions before the time, so its complaint about them comes first.
        if (ReadConditions(request, out var flags) is { } problem) return scope.Refuse(problem);
        var seconds = command.Id is Command.Expire or Command.ExpireAt;
        if (ExpireArgument.Read(request[2], seconds, command, out var ms) is { } error) return scope.Refuse(error);
        if (command.Id is Command.ExpireAt or Command.PExpireAt) flags |= ExpireFlags.Absolute;
        if (!scope.MayWrite(request[1], out var group)) return DispatchResult.NextStage;
        KeyOps.Expire(scope.Arena, request[1], ms, flags);
        return scope.Submit(command, ReplyShape.Plain, group, CallKind.Write);
    }

    public static DispatchResult Persist(CommandScope scope, CommandSpec command, in Request request)
    {
        if (!scope.MayWrite(request[1], out var group)) return DispatchResult.NextStage;
        KeyOps.Persist(scope.Arena, request[1]);
        return scope.Submit(command, ReplyShape.Plain, group, CallKind.Write);
    }

    /// <summary>TTL, PTTL.</summary>
    public static DispatchResult Ttl(CommandScope scope, CommandSpec command, in Request request)
    {
        if (!scope.MayRead(request[1], out var group)) return DispatchResult.NextStage;
        QueryForms.PTtl(scope.Arena, request[1]);
        return scope.Submit(command, command.Id == Command.Ttl ? ReplyShape.Seconds : ReplyShape.Plain, group, CallKind.Read);
    }

    /// <summary>EXPIRETIME, PEXPIRETIME.</summary>
    public static DispatchResult ExpireTime(CommandScope scope, CommandSpec command, in Request request)
    {
        if (!scope.MayRead(request[1], out var group)) return DispatchResult.NextStage;
        QueryForms.PExpireTime(scope.Arena, request[1]);
        return scope.Submit(command, command.Id == Command.ExpireTime ? ReplyShape.Seconds : ReplyShape.Plain, group, CallKind.Read);
    }

    public static DispatchResult Type(CommandScope scope, CommandSpec command, in Request request)
    {
        if (!scope.MayRead(request[1], out var group)) return DispatchResult.NextStage;
        QueryForms.Type(scope.Arena, request[1]);
        return scope.Submit(command, ReplyShape.Status, group, CallKind.Read);
    }

    private static string? ReadConditions(in Request request, out ExpireFlags flags)
    {
        flags = ExpireFlags.None;
        for (var i = 3; i < request.Count; i++)
        {
            var word = request[i];
            if (Words.Is(word, "nx"u8)) flags |= ExpireFlags.IfNone;
            else if (Words.Is(word, "xx"u8)) flags |= ExpireFlags.IfAny;
            else if (Words.Is(word, "gt"u8)) flags |= ExpireFlags.IfLater;
            else if (Words.Is(word, "lt"u8)) flags |= ExpireFlags.IfSooner;
            else return $"ERR Unsupported option {ErrorReplies.Quote(word)}";
        }
        if ((flags & ExpireFlags.IfNone) != 0 && flags != ExpireFlags.IfNone)
            return "ERR NX and XX, GT or LT options at the same time are not compatible";
        return (flags & (ExpireFlags.IfLater | ExpireFlags.IfSooner)) == (ExpireFlags.IfLater | ExpireFlags.IfSooner)
            ? "ERR GT and LT options at the same time are not compatible"
            : null;
    }
}
