using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Keys;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Server;
using TokMesh.Redis.Sessions;
using TokMesh.State.Errors;
using TokMesh.State.Keys;

namespace TokMesh.Redis.Connections;

/// <summary>
/// Takes one command into the stage: checks in Redis's order (is it known, is its arity right, who asks), then hands it to its
/// family.
/// </summary>
internal sealed class Dispatcher(CommandScope scope)
{
    private readonly MultiKeyCommands _multiKey = new(scope);

    public DispatchResult Take(in Request request, CommandSpec? command)
    {
        if (command is null) return Unknown(request);
        if (!command.Fits(request.Count)) return scope.Refuse(ErrorReplies.Arity(command.Name));
        if (command.Access != Access.Open && Forbid(command) is { } refusal) return scope.Refuse(refusal);
        return command.FirstKey > 0 ? TakeKeyed(command, request) : TakeUnkeyed(command, request);
    }

    private DispatchResult Unknown(in Request request)
    {
        var writer = scope.Write();
        writer.Error(ErrorReplies.UnknownCommand(request));
        return scope.End(ref writer);
    }

    private string? Forbid(CommandSpec command)
    {
        var identity = scope.Client.Identity;
        if (identity.Key is not { } key)
            return identity.Error == ErrorCode.AuthMissing ? ErrorReplies.NoAuth : ErrorReplies.KeyLost(identity.Error);
        if (key.RateLimit > 0 && scope.FrontEnd.Admit is { } admit && !admit(key))
            return ErrorReplies.Of(ErrorCode.SysTooManyRequests, ErrorCode.SysTooManyRequests.Message());
        var allowed = command.Access switch
        {
            Access.ReadKey or Access.Validator => identity.May(ApiRole.Validator),
            Access.Issuer => identity.May(ApiRole.Issuer),
            Access.Admin => identity.May(ApiRole.Admin),
            _ => true,
        };
        return allowed ? null : ErrorReplies.Forbidden($"use '{command.Name}'");
    }

    private DispatchResult TakeKeyed(CommandSpec command, in Request request)
    {
        var last = command.LastKey < 0 ? request.Count - 1 : command.LastKey;
        var sessions = false;
        var plain = false;
        for (var i = command.FirstKey; i <= last; i += command.KeyStep)
        {
            var key = request[i];
            if (SessionKeys.Is(key)) sessions = true;
            else plain = true;
            if (key.Length > KeyRules.MaxKeyBytes)
                return scope.Refuse(ErrorCode.ArgumentInvalid, $"key: {key.Length} bytes, allowed are 0 to {KeyRules.MaxKeyBytes}");
        }
        if (command.Id == Command.TmTouch) return SessionCommands.Touch(scope, command, request);
        if (command.Id == Command.TmCreate) return DispatchResult.Exclusive;
        if (plain && command.Access == Access.ReadKey && !scope.Client.MayUsePlainKeys)
            return scope.Refuse(ErrorReplies.Forbidden("use plain keys"));
        if (!sessions) return TakePlain(command, request);
        if (last == command.FirstKey) return SessionCommands.TakeKey(scope, command, request);
        return command.Id is Command.Del or Command.Unlink or Command.Exists
            ? DispatchResult.Exclusive
            : scope.Refuse(ErrorCode.ArgumentInvalid, $"'{command.Name}' does not work on sessions");
    }

    private DispatchResult TakePlain(CommandSpec command, in Request request)
    {
        switch (command.Id)
        {
            case Command.Get:
                return StringCommands.Get(scope, command, request);
            case Command.Set:
                return StringCommands.Set(scope, command, request);
            case Command.SetEx or Command.PSetEx:
                return StringCommands.SetEx(scope, command, request);
            case Command.SetNx:
                return StringCommands.SetNx(scope, command, request);
            case Command.GetSet:
                return StringCommands.GetSet(scope, command, request);
            case Command.GetDel:
                return StringCommands.GetDel(scope, command, request);
            case Command.GetEx:
                return StringCommands.GetEx(scope, command, request);
            case Command.Incr or Command.IncrBy or Command.Decr or Command.DecrBy:
                return StringCommands.IncrBy(scope, command, request);
            case Command.Append:
                return StringCommands.Append(scope, command, request);
            case Command.StrLen:
                return StringCommands.StrLen(scope, command, request);
            case Command.Expire or Command.PExpire or Command.ExpireAt or Command.PExpireAt:
                return ExpiryCommands.Expire(scope, command, request);
            case Command.Ttl or Command.PTtl:
                return ExpiryCommands.Ttl(scope, command, request);
            case Command.ExpireTime or Command.PExpireTime:
                return ExpiryCommands.ExpireTime(scope, command, request);
            case Command.Persist:
                return ExpiryCommands.Persist(scope, command, request);
            case Command.Type:
                return ExpiryCommands.Type(scope, command, request);
            case Command.MGet:
                return _multiKey.MGet(command, request);
            case Command.MSet:
                return _multiKey.MSet(command, request);
            case Command.Exists:
                return _multiKey.Exists(command, request);
            case Command.Del or Command.Unlink:
                return _multiKey.Del(command, request);
            default:
                throw new InvalidOperationException($"'{command.Name}' has no family.");
        }
    }

    private DispatchResult TakeUnkeyed(CommandSpec command, in Request request)
    {
        switch (command.Id)
        {
            case Command.Ping:
                return ConnectionCommands.Ping(scope, command, request);
            case Command.Echo:
                return ConnectionCommands.Echo(scope, request);
            case Command.Select:
                return ConnectionCommands.Select(scope, request);
            case Command.Time:
                return ConnectionCommands.Time(scope);
            case Command.Client:
                return ClientCommands.Take(scope, command, request);
            case Command.Command:
                return CommandCommands.Take(scope, command, request);
            case Command.Config:
                return ConfigCommands.Take(scope, command, request);
            case Command.TmValidate:
                return SessionCommands.Validate(scope, command, request);
            default:
                return DispatchResult.Exclusive;
        }
    }
}
