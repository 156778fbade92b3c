using TokMesh.Cluster.Calls;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Replies;
using TokMesh.State.Keys;
using TokMesh.State.Queries;

namespace TokMesh.Redis.Keys;

/// <summary>Commands on the value of one plain key (https://redis.io/commands/?group=string).</summary>
internal static class StringCommands
{
    public static DispatchResult Get(CommandScope scope, CommandSpec command, in Request request)
    {
        if (!scope.MayRead(request[1], out var group)) return DispatchResult.NextStage;
        QueryForms.GetWithin(scope.Arena, request[1], scope.Stage.Count == 0 ? ReplyBounds.FirstValueBytes : ReplyBounds.ValueBytes);
        return scope.Submit(command, ReplyShape.Value, group, CallKind.Read);
    }

    public static DispatchResult StrLen(CommandScope scope, CommandSpec command, in Request request)
    {
        if (!scope.MayRead(request[1], out var group)) return DispatchResult.NextStage;
        QueryForms.Strlen(scope.Arena, request[1]);
        return scope.Submit(command, ReplyShape.Plain, group, CallKind.Read);
    }

    public static DispatchResult Set(CommandScope scope, CommandSpec command, in Request request)
    {
        SetOptions options = default;
        if (request.Count > 3 && SetOptions.Read(request, 3, command, out options) is { } error) return scope.Refuse(error);
        return Set(scope, command, request[1], request[2], options, ReplyShape.Plain);
    }

    /// <summary>SETEX, PSETEX.</summary>
    public static DispatchResult SetEx(CommandScope scope, CommandSpec command, in Request request)
    {
        if (ExpireArgument.ReadPositive(request[2], command.Id == Command.SetEx, command, out var ms) is { } error) return scope.Refuse(error);
        return Set(scope, command, request[1], request[3], new SetOptions { Mode = ExpiryMode.Relative, ExpiryMs = ms }, ReplyShape.Plain);
    }

    public static DispatchResult SetNx(CommandScope scope, CommandSpec command, in Request request) =>
        Set(scope, command, request[1], request[2], new SetOptions { Flags = SetFlags.IfAbsent }, ReplyShape.OneIfOk);

    public static DispatchResult GetSet(CommandScope scope, CommandSpec command, in Request request) =>
        Set(scope, command, request[1], request[2], new SetOptions { Flags = SetFlags.GetOld }, ReplyShape.Plain);

    public static DispatchResult GetDel(CommandScope scope, CommandSpec command, in Request request)
    {
        if (!scope.MayWrite(request[1], out var group) || !scope.Stage.TryReturnValue()) return DispatchResult.NextStage;
        KeyOps.GetDel(scope.Arena, request[1]);
        return scope.Submit(command, ReplyShape.Plain, group, CallKind.Write);
    }

    public static DispatchResult GetEx(CommandScope scope, CommandSpec command, in Request request)
    {
        if (SetOptions.Read(request, 2, command, out var options) is { } error) return error == ErrorReplies.Syntax ? scope.Refuse(error) : RefuseIfThere(scope, command, request, error);
        if (options.Mode == ExpiryMode.None) return Get(scope, command, request);
        if (!scope.MayWrite(request[1], out var group) || !scope.Stage.TryReturnValue()) return DispatchResult.NextStage;
        KeyOps.GetEx(scope.Arena, request[1], options.Mode, options.ExpiryMs);
        return scope.Submit(command, ReplyShape.Plain, group, CallKind.Write);
    }

    /// <summary>Redis looks for the key before it looks at the time, though after the words: of a key that is not there it says nil.</summary>
    private static DispatchResult RefuseIfThere(CommandScope scope, CommandSpec command, in Request request, string error)
    {
        if (!scope.MayRead(request[1], out var group)) return DispatchResult.NextStage;
        QueryForms.Exists(scope.Arena, 1);
        QueryForms.KeyItem(scope.Arena, request[1]);
        return scope.Submit(command, error == ErrorReplies.NotAnInteger ? ReplyShape.NotAnIntegerIfThere : ReplyShape.InvalidExpireIfThere, group, CallKind.Read);
    }

    /// <summary>INCR, INCRBY, DECR, DECRBY.</summary>
    public static DispatchResult IncrBy(CommandScope scope, CommandSpec command, in Request request)
    {
        long delta = 1;
        if (request.Count == 3 && !RedisInteger.TryParse(request[2], out delta)) return scope.Refuse(ErrorReplies.NotAnInteger);
        if (command.Id is Command.Decr or Command.DecrBy)
        {
            if (delta == long.MinValue) return scope.Refuse("ERR decrement would overflow");
            delta = -delta;
        }
        if (!scope.MayWrite(request[1], out var group)) return DispatchResult.NextStage;
        KeyOps.IncrBy(scope.Arena, request[1], delta);
        return scope.Submit(command, ReplyShape.Plain, group, CallKind.Write);
    }

    public static DispatchResult Append(CommandScope scope, CommandSpec command, in Request request)
    {
        if (!scope.MayWrite(request[1], out var group)) return DispatchResult.NextStage;
        KeyOps.Append(scope.Arena, request[1], request[2]);
        return scope.Submit(command, ReplyShape.Plain, group, CallKind.Write);
    }

    private static DispatchResult Set(CommandScope scope, CommandSpec command, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in SetOptions options, ReplyShape shape)
    {
        if (!scope.MayWrite(key, out var group)) return DispatchResult.NextStage;
        if ((options.Flags & SetFlags.GetOld) != 0 && !scope.Stage.TryReturnValue()) return DispatchResult.NextStage;
        KeyOps.Set(scope.Arena, key, value, options.Flags, options.Mode, options.ExpiryMs);
        return scope.Submit(command, shape, group, CallKind.Write);
    }
}
