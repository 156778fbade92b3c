using System.Globalization;
using System.Text;
using TokMesh.Cluster.Calls;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.FrontEnd;
using TokMesh.Redis.Protocol;

namespace TokMesh.Redis.Server;

/// <summary>CLIENT (https://redis.io/commands/client), and CLIENT TM.CONSISTENCY for the freshness of this connection's reads.</summary>
internal static class ClientCommands
{
    public static DispatchResult Take(CommandScope scope, CommandSpec command, in Request request)
    {
        var sub = request[1];
        var client = scope.Client;
        if (Words.Is(sub, "id"u8)) return request.Count == 2 ? Integer(scope, client.Id) : Arity(scope, "id");
        if (Words.Is(sub, "getname"u8)) return request.Count == 2 ? GetName(scope) : Arity(scope, "getname");
        if (Words.Is(sub, "setname"u8)) return request.Count == 3 ? SetName(scope, request[2]) : Arity(scope, "setname");
        if (Words.Is(sub, "setinfo"u8)) return request.Count == 4 ? scope.Ok() : Arity(scope, "setinfo");
        if (Words.Is(sub, "info"u8)) return request.Count == 2 ? Verbatim(scope, Line(scope.FrontEnd, client)) : Arity(scope, "info");
        if (Words.Is(sub, "list"u8)) return List(scope, request);
        if (Words.Is(sub, "no-evict"u8)) return request.Count == 3 ? Switch(scope, request[2]) : Arity(scope, "no-evict");
        if (Words.Is(sub, "no-touch"u8)) return request.Count == 3 ? Switch(scope, request[2]) : Arity(scope, "no-touch");
        if (Words.Is(sub, "tm.consistency"u8)) return SetConsistency(scope, request);
        return scope.Refuse(ErrorReplies.UnknownSubcommand(sub, command));
    }

    /// <summary>Null if the name may be had, else the error to answer.</summary>
    public static string? TrySetName(ClientState client, ReadOnlySpan<byte> name)
    {
        if (name.ContainsAnyExceptInRange((byte)'!', (byte)'~')) return "ERR Client names cannot contain spaces, newlines or special characters.";
        client.Name = Encoding.ASCII.GetString(name);
        return null;
    }

    private static DispatchResult SetName(CommandScope scope, ReadOnlySpan<byte> name) =>
        TrySetName(scope.Client, name) is { } error ? scope.Refuse(error) : scope.Ok();

    private static DispatchResult GetName(CommandScope scope)
    {
        var writer = scope.Write();
        if (scope.Client.Name.Length == 0) writer.Nil();
        else writer.Bulk(scope.Client.Name);
        return scope.End(ref writer);
    }

    private static DispatchResult Integer(CommandScope scope, long value)
    {
        var writer = scope.Write();
        writer.Integer(value);
        return scope.End(ref writer);
    }

    private static DispatchResult Verbatim(CommandScope scope, string text)
    {
        var writer = scope.Write();
        writer.Verbatim(text);
        return scope.End(ref writer);
    }

    /// <summary>NO-EVICT, NO-TOUCH: accepted, there is nothing to switch.</summary>
    private static DispatchResult Switch(CommandScope scope, ReadOnlySpan<byte> word) =>
        Words.Is(word, "on"u8) || Words.Is(word, "off"u8) ? scope.Ok() : scope.Refuse(ErrorReplies.Syntax);

    /// <summary>Addresses and names of others are for admins.</summary>
    private static DispatchResult List(CommandScope scope, in Request request)
    {
        if (!scope.Client.Identity.May(ApiRole.Admin)) return scope.Refuse(ErrorReplies.Forbidden("use 'client|list'"));
        if (request.Count != 2) return scope.Refuse(ErrorReplies.Syntax);
        var text = new StringBuilder();
        foreach (var client in scope.FrontEnd.Clients.OrderBy(c => c.Id)) text.Append(Line(scope.FrontEnd, client));
        return Verbatim(scope, text.ToString());
    }

    private static string Line(RedisFrontEnd frontEnd, ClientState client)
    {
        var now = frontEnd.Node.NowMs;
        var user = client.KeyId?.ToString() ?? "(none)";
        return string.Create(CultureInfo.InvariantCulture,
            $"id={client.Id} addr={client.Remote} laddr={client.Local} fd=0 name={client.Name} age={(now - client.ConnectedAtMs) / 1000} idle={(now - client.ActiveAtMs) / 1000} flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r cmd={client.LastCommand} user={user} redir=-1 resp={(client.IsResp3 ? 3 : 2)}\n");
    }

    /// <summary><c>linearizable</c>, <c>bounded 500</c>, <c>bounded;max-ms=500</c> or <c>local</c>.</summary>
    private static DispatchResult SetConsistency(CommandScope scope, in Request request)
    {
        if (request.Count < 3) return Arity(scope, "tm.consistency");
        var level = request[2];
        if (request.Count == 3 && Words.Is(level, "linearizable"u8)) scope.Client.Consistency = Consistency.Linearizable;
        else if (request.Count == 3 && Words.Is(level, "local"u8)) scope.Client.Consistency = new Consistency(ConsistencyLevel.Local);
        else if (Bound(request) is { } bound) scope.Client.Consistency = new Consistency(ConsistencyLevel.Bounded, bound);
        else return scope.Refuse($"ERR {Codes.ArgumentInvalid} use CLIENT TM.CONSISTENCY linearizable | bounded <max-ms> | local");
        return scope.Ok();
    }

    private static int? Bound(in Request request)
    {
        const int prefix = 15;
        var level = request[2];
        ReadOnlySpan<byte> ms;
        if (request.Count == 4 && Words.Is(level, "bounded"u8)) ms = request[3];
        else if (request.Count == 3 && level.Length > prefix && Words.Is(level[..prefix], "bounded;max-ms="u8)) ms = level[prefix..];
        else return null;
        return RedisInteger.TryParse(ms, out var value) && value is > 0 and <= int.MaxValue ? (int)value : null;
    }

    private static DispatchResult Arity(CommandScope scope, string sub) => scope.Refuse(ErrorReplies.Arity("client|" + sub));
}
