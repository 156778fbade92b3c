using System.Text;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Protocol;

namespace TokMesh.Redis.Server;

/// <summary>
/// COMMAND, COMMAND COUNT, DOCS, INFO, LIST and GETKEYS (https://redis.io/commands/command). Tips, key specifications and
/// subcommands are left empty: no client library needs them.
/// </summary>
internal static class CommandCommands
{
    public static DispatchResult Take(CommandScope scope, CommandSpec command, in Request request)
    {
        if (request.Count == 1) return Info(scope, CommandTable.All);
        var sub = request[1];
        if (Words.Is(sub, "count"u8)) return request.Count == 2 ? Count(scope) : Arity(scope, "count");
        if (Words.Is(sub, "info"u8)) return Info(scope, request.Count == 2 ? CommandTable.All : Named(request));
        if (Words.Is(sub, "docs"u8)) return Docs(scope, request.Count == 2 ? CommandTable.All : Named(request));
        if (Words.Is(sub, "list"u8)) return request.Count == 2 ? List(scope) : scope.Refuse(ErrorReplies.Syntax);
        if (Words.Is(sub, "getkeys"u8)) return request.Count > 3 ? GetKeys(scope, request) : Arity(scope, "getkeys");
        return scope.Refuse(ErrorReplies.UnknownSubcommand(sub, command));
    }

    private static CommandSpec?[] Named(in Request request)
    {
        var named = new CommandSpec?[request.Count - 2];
        for (var i = 0; i < named.Length; i++) named[i] = CommandTable.Find(request[i + 2]);
        return named;
    }

    private static DispatchResult Count(CommandScope scope)
    {
        var writer = scope.Write();
        writer.Integer(CommandTable.All.Length);
        return scope.End(ref writer);
    }

    private static DispatchResult List(CommandScope scope)
    {
        var writer = scope.Write();
        writer.Set(CommandTable.All.Length);
        foreach (var command in CommandTable.All) writer.Bulk(command.Name);
        return scope.End(ref writer);
    }

    private static DispatchResult Info(CommandScope scope, CommandSpec?[] commands)
    {
        var writer = scope.Write();
        writer.Array(commands.Length);
        foreach (var command in commands)
        {
            if (command is null)
            {
                writer.Nil();
                continue;
            }
            writer.Array(10);
            writer.Bulk(command.Name);
            writer.Integer(command.Arity);
            Names(ref writer, command.Flags);
            writer.Integer(command.FirstKey);
            writer.Integer(command.LastKey);
            writer.Integer(command.KeyStep);
            Names(ref writer, command.Categories);
            writer.Array(0);
            writer.Array(0);
            writer.Array(0);
        }
        return scope.End(ref writer);
    }

    private static DispatchResult Docs(CommandScope scope, CommandSpec?[] commands)
    {
        var writer = scope.Write();
        writer.Map(commands.Count(c => c is not null));
        foreach (var command in commands)
        {
            if (command is null) continue;
            writer.Bulk(command.Name);
            writer.Map(3);
            writer.Bulk("summary"u8);
            writer.Bulk(command.Summary);
            writer.Bulk("since"u8);
            writer.Bulk(command.Since);
            writer.Bulk("group"u8);
            writer.Bulk(command.Group);
        }
        return scope.End(ref writer);
    }

    private static DispatchResult GetKeys(CommandScope scope, in Request request)
    {
        if (CommandTable.Find(request[2]) is not { } command) return scope.Refuse("ERR Invalid command specified");
        if (command.FirstKey == 0) return scope.Refuse("ERR The command has no key arguments");
        var words = request.Count - 2;
        if (!command.Fits(words)) return scope.Refuse("ERR Invalid number of arguments specified for command");
        var last = command.LastKey < 0 ? words - 1 : command.LastKey;
        var writer = scope.Write();
        writer.Array(((last - command.FirstKey) / command.KeyStep) + 1);
        for (var i = command.FirstKey; i <= last; i += command.KeyStep) writer.Bulk(request[i + 2]);
        return scope.End(ref writer);
    }

    /// <summary>Names separated by commas, as simple strings.</summary>
    private static void Names(ref RespWriter writer, string names)
    {
        var list = names.Length == 0 ? [] : names.Split(',');
        writer.Set(list.Length);
        foreach (var name in list) writer.Status(Encoding.ASCII.GetBytes(name));
    }

    private static DispatchResult Arity(CommandScope scope, string sub) => scope.Refuse(ErrorReplies.Arity("command|" + sub));
}
