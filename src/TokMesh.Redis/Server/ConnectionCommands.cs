using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Protocol;

namespace TokMesh.Redis.Server;

/// <summary>Small commands that need no shard (https://redis.io/commands/?group=connection).</summary>
internal static class ConnectionCommands
{
    public static DispatchResult Ping(CommandScope scope, CommandSpec command, in Request request)
    {
        if (request.Count > 2) return scope.Refuse(ErrorReplies.Arity(command.Name));
        var writer = scope.Write();
        if (request.Count == 1) writer.Raw("+PONG\r\n"u8);
        else writer.Bulk(request[1]);
        return scope.End(ref writer);
    }

    public static DispatchResult Echo(CommandScope scope, in Request request)
    {
        var writer = scope.Write();
        writer.Bulk(request[1]);
        return scope.End(ref writer);
    }

    /// <summary>There is one database, number 0.</summary>
    public static DispatchResult Select(CommandScope scope, in Request request)
    {
        if (!RedisInteger.TryParse(request[1], out var index)) return scope.Refuse(ErrorReplies.NotAnInteger);
        if (index is < int.MinValue or > int.MaxValue)
            return scope.Refuse($"ERR value is out of range, value must between {int.MinValue} and {int.MaxValue}");
        return index == 0 ? scope.Ok() : scope.Refuse("ERR DB index is out of range");
    }

    public static DispatchResult Time(CommandScope scope)
    {
        var ms = scope.FrontEnd.WallMs();
        var writer = scope.Write();
        writer.Array(2);
        writer.Bulk((ms / 1000).ToString(System.Globalization.CultureInfo.InvariantCulture));
        writer.Bulk((ms % 1000 * 1000).ToString(System.Globalization.CultureInfo.InvariantCulture));
        return scope.End(ref writer);
    }
}
