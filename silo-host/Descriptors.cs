using System.Globalization;
using TokMesh.Host.Configuration;

namespace TokMesh.Host;

/// <summary>How the process's descriptors are shared out: connections never get so many that links, log and health are without.</summary>
internal static class Descriptors
{
    /// <summary>Kept back for the log, links, listeners and the runtime.</summary>
    public const int Reserve = 256;

    /// <summary>The fewest a node starts with.</summary>
    public const int Fewest = 512;

    /// <summary>Most connections of a listener that was not told, where descriptors allow it.</summary>
    public const int UsualMost = 10_000;

    /// <summary>Descriptors this process may have; a very large number where there is no limit or it cannot be read.</summary>
    public static long Limit()
    {
        try
        {
            // "Max open files            1024                 524288               files": soft, then hard.
            var line = File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith("Max open files", StringComparison.Ordinal));
            var words = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return words is [_, _, _, var soft, ..] && long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : int.MaxValue;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return int.MaxValue;
        }
    }

    /// <summary>
    /// Fills in the limits that were not set. Why the node cannot start, if what was set does not fit; and whether what is usual had to
    /// be reduced.
    /// </summary>
    public static (string? Problem, bool IsReduced) ShareOut(HostSettings s, long limit)
    {
        if (limit < Fewest)
            return ($"TM-CFG-1002: the process may open {limit} descriptors (ulimit -n), at least {Fewest} are needed: connections to other nodes, the log and {Reserve} in reserve. Raise ulimit -n, or LimitNOFILE= of the service.", false);
        var forClients = limit - Reserve;
        var http = s.HttpMaxConnections;
        var redis = s.RedisEnabled ? s.RedisMaxConnections : 0;
        if ((http ?? 0) + (redis ?? 0) > forClients)
            return ($"TM-CFG-1005: server.http.max_connections and server.redis.max_connections ask for {(http ?? 0) + (redis ?? 0)} connections; with {limit} descriptors (ulimit -n), of which {Reserve} are kept back, {forClients} are possible. Lower them, or raise ulimit -n.", false);
        // What one was not told to have is shared by those who were not told.
        var left = forClients - (http ?? 0) - (redis ?? 0);
        var unset = (http is null ? 1 : 0) + (redis is null ? 1 : 0);
        var share = (int)Math.Min(UsualMost, unset == 0 ? 0 : left / unset);
        if (unset > 0 && share < 1)
            return ($"TM-CFG-1005: server.http.max_connections and server.redis.max_connections leave no descriptor for the other of them; {forClients} connections are possible. Lower the one that is set.", false);
        s.HttpMaxConnections = http ?? share;
        s.RedisMaxConnections = redis ?? share;
        s.HttpMaxConnectionsPerAddress ??= OfOneAddress(s.HttpMaxConnections.Value);
        s.RedisMaxConnectionsPerAddress ??= OfOneAddress(s.RedisMaxConnections.Value);
        return (null, unset > 0 && share < UsualMost);
    }

    // One address can be many clients, behind a proxy; but it does not get the last eighth.
    private static int OfOneAddress(int most) => Math.Max(1, most - (most / 8));
}
