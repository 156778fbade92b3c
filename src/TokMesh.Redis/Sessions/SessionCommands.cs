using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Placement;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Keys;
using TokMesh.Redis.Protocol;
using TokMesh.Redis.Replies;
using TokMesh.Redis.Stages;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Queries;
using TokMesh.State.Sessions;

namespace TokMesh.Redis.Sessions;

/// <summary>
/// Commands on one session that are one call; the router follows the pointer that a shard answers with when the session's id or
/// token was dictated.
/// </summary>
internal static class SessionCommands
{
    /// <summary>A command whose key is meant to be a session id.</summary>
    public static DispatchResult TakeKey(CommandScope scope, CommandSpec command, in Request request)
    {
        if (!SessionKeys.TryParse(request[1], out var id)) return scope.Refuse(ErrorCode.ArgumentInvalid, MalformedId);
        switch (command.Id)
        {
            case Command.Get:
                return Read(scope, command, ReplyShape.SessionJson, id);
            case Command.Ttl:
                return Read(scope, command, ReplyShape.SessionTtlSeconds, id);
            case Command.PTtl:
                return Read(scope, command, ReplyShape.SessionTtl, id);
            case Command.Exists:
                return Read(scope, command, ReplyShape.SessionThere, id);
            case Command.Type:
                return Read(scope, command, ReplyShape.SessionType, id);
            case Command.Del or Command.Unlink:
                return Revoke(scope, command, id);
            case Command.Expire or Command.PExpire:
                return Renew(scope, command, request, id);
            case Command.Set:
                return DispatchResult.Exclusive;
            default:
                return scope.Refuse(ErrorCode.ArgumentInvalid, $"'{command.Name}' does not work on sessions");
        }
    }

    /// <summary>What is said of a malformed id; the key itself is not repeated.</summary>
    public const string MalformedId = "the key begins with tmss- but is not a session id (tmss- and a ULID)";

    /// <summary>TM.VALIDATE token [TOUCH].</summary>
    public static DispatchResult Validate(CommandScope scope, CommandSpec command, in Request request)
    {
        if (request.Count > 3 || (request.Count == 3 && !Words.Is(request[2], "touch"u8))) return scope.Refuse(ErrorReplies.Syntax);
        Span<char> text = stackalloc char[TokenRules.MaxBytes];
        // Byte by byte: what is not ASCII stays not ASCII, and is refused as such.
        if (request[1].Length > text.Length || !TokenRules.IsWellFormed(text[..Encoding.Latin1.GetChars(request[1], text)]))
            return scope.Refuse(ErrorCode.TokenMalformed, ErrorCode.TokenMalformed.Message());
        var touch = request.Count == 3;
        var group = Sharding.OfName(request[1], scope.FrontEnd.ShardCount).Group;
        if (!MayUse(scope.Stage, touch ? SessionUse.Touch : SessionUse.Read, group)) return DispatchResult.NextStage;
        if (touch) QueryForms.ValidateToken(scope.Arena, TokenHash.OfToken(request[1]), true, scope.Client.Ip);
        else QueryForms.ValidateToken(scope.Arena, TokenHash.OfToken(request[1]));
        return scope.Submit(command, ReplyShape.TokenValid, group, touch ? CallKind.LeaderRead : CallKind.Read);
    }

    /// <summary>TM.TOUCH id.</summary>
    public static DispatchResult Touch(CommandScope scope, CommandSpec command, in Request request)
    {
        if (!SessionKeys.TryParse(request[1], out var id)) return scope.Refuse(ErrorCode.ArgumentInvalid, MalformedId);
        var group = GroupOf(scope, id);
        if (!MayUse(scope.Stage, SessionUse.Touch, group)) return DispatchResult.NextStage;
        QueryForms.Touch(scope.Arena, id);
        return scope.Submit(command, ReplyShape.SessionTouched, group, CallKind.LeaderRead);
    }

    private static DispatchResult Read(CommandScope scope, CommandSpec command, ReplyShape shape, SessionId id)
    {
        var group = GroupOf(scope, id);
        if (!MayUse(scope.Stage, SessionUse.Read, group)) return DispatchResult.NextStage;
        if (shape == ReplyShape.SessionJson) QueryForms.GetSession(scope.Arena, id);
        else QueryForms.SessionTtl(scope.Arena, id);
        return scope.Submit(command, shape, group, CallKind.Read);
    }

    private static DispatchResult Revoke(CommandScope scope, CommandSpec command, SessionId id)
    {
        var group = GroupOf(scope, id);
        if (!MayUse(scope.Stage, SessionUse.Write, group)) return DispatchResult.NextStage;
        SessionOps.Revoke(scope.Arena, id);
        return scope.Submit(command, ReplyShape.SessionEnded, group, CallKind.Write);
    }

    /// <summary>EXPIRE, PEXPIRE: a renewal.</summary>
    private static DispatchResult Renew(CommandScope scope, CommandSpec command, in Request request, SessionId id)
    {
        if (request.Count > 3) return scope.Refuse(ErrorReplies.Syntax);
        if (ExpireArgument.Read(request[2], command.Id == Command.Expire, command, out var ms) is { } error) return scope.Refuse(error);
        if (scope.FrontEnd.Sessions.Limits.CheckRenewal(ms) is { } broken) return scope.Refuse(ErrorReplies.Of(broken));
        var group = GroupOf(scope, id);
        if (!MayUse(scope.Stage, SessionUse.Write, group)) return DispatchResult.NextStage;
        SessionOps.Renew(scope.Arena, id, ms);
        return scope.Submit(command, ReplyShape.SessionRenewed, group, CallKind.Write);
    }

    private static bool MayUse(Stage stage, SessionUse use, uint group)
    {
        if (!stage.MayUse(use) || !(use == SessionUse.Write ? stage.MayWrite(group) : stage.MayRead(group))) return false;
        stage.Use(use);
        return true;
    }

    private static uint GroupOf(CommandScope scope, SessionId id) => Sharding.OfSession(id, scope.FrontEnd.ShardCount).Group;
}
