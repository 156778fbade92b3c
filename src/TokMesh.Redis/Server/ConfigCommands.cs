using System.Globalization;
using System.Text;
using TokMesh.Redis.Commands;
using TokMesh.Redis.Dispatch;
using TokMesh.Redis.Protocol;
using TokMesh.State.Keys;

namespace TokMesh.Redis.Server;

/// <summary>CONFIG GET (https://redis.io/commands/config-get): what tools look for, with values that tell the truth about this store.</summary>
internal static class ConfigCommands
{
    public static DispatchResult Take(CommandScope scope, CommandSpec command, in Request request)
    {
        if (!Words.Is(request[1], "get"u8)) return scope.Refuse(ErrorReplies.UnknownSubcommand(request[1], command));
        if (request.Count < 3) return scope.Refuse(ErrorReplies.Arity("config|get"));
        var found = new List<(string Name, string Value)>();
        foreach (var (name, value) in Settings(scope))
        {
            if (MatchOf(request, name) is { } shown) found.Add((shown, value));
        }
        var writer = scope.Write();
        writer.Map(found.Count);
        foreach (var (name, value) in found)
        {
            writer.Bulk(name);
            writer.Bulk(value);
        }
        return scope.End(ref writer);
    }

    /// <summary>The name to show when a word asks for it, as the word writes it unless that is a pattern; else null.</summary>
    private static string? MatchOf(in Request request, string name)
    {
        for (var i = 2; i < request.Count; i++)
        {
            var asked = Encoding.UTF8.GetString(request[i]);
            if (asked.Equals(name, StringComparison.OrdinalIgnoreCase)) return asked;
            if (GlobPattern.IsMatch(Encoding.UTF8.GetBytes(asked.ToLowerInvariant()), Encoding.UTF8.GetBytes(name))) return name;
        }
        return null;
    }

    private static (string Name, string Value)[] Settings(CommandScope scope) =>
    [
        // A write is on a majority of disks when it is answered: nothing is left to save later.
        ("appendfsync", "always"),
        ("appendonly", "yes"),
        ("bind", scope.Client.Local?.Address.ToString() ?? ""),
        ("databases", "1"),
        ("maxmemory", "0"),
        ("maxmemory-policy", "noeviction"),
        ("port", (scope.Client.Local?.Port ?? 0).ToString(CultureInfo.InvariantCulture)),
        ("proto-max-bulk-len", scope.FrontEnd.Options.MaxBulkBytes.ToString(CultureInfo.InvariantCulture)),
        ("save", ""),
        ("timeout", "0"),
    ];
}
