using System.Globalization;
using TokMesh.Cluster.Errors;
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

    /// <summary>The same for the Orleans gateway: a client application needs one for all it does.</summary>
    public const int UsualClients = 1000;

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
    /// Fills in the limits that were not set. Why the node cannot start, if what was set does not fit; and what each listener may have, if
    /// what is usual had to be reduced.
    /// </summary>
    public static (string? Problem, string? Reduced) ShareOut(HostSettings s, long limit)
    {
        if (limit < Fewest)
            return ($"{Codes.ConfigRange}: the process may open {limit} descriptors (ulimit -n), at least {Fewest} are needed: connections to other nodes, the log and {Reserve} in reserve. Raise ulimit -n, or LimitNOFILE= of the service.", null);
        var listeners = Listeners(s);
        var keys = string.Join(" and ", listeners.Select(l => l.Key));
        var forClients = limit - Reserve;
        var asked = listeners.Sum(l => (long)(l.Limits.Most ?? 0));
        if (asked > forClients)
            return ($"{Codes.ConfigConflict}: {keys} ask for {asked} connections; with {limit} descriptors (ulimit -n), of which {Reserve} are kept back, {forClients} are possible. Lower them, or raise ulimit -n.", null);
        // What one was not told to have is shared by those who were not told; who needs fewer leaves more.
        var unset = listeners.Where(l => l.Limits.Most is null).OrderBy(l => l.Usual).ToArray();
        var (left, isReduced) = (forClients - asked, false);
        for (var n = 0; n < unset.Length; n++)
        {
            var share = (int)Math.Min(unset[n].Usual, left / (unset.Length - n));
            if (share < 1)
                return ($"{Codes.ConfigConflict}: {keys} leave no descriptor for {unset[n].Key}, which is not set; {forClients} connections are possible. Lower what is set.", null);
            isReduced |= share < unset[n].Usual;
            unset[n].Limits.Most = share;
            left -= share;
        }
        foreach (var listener in listeners) listener.Limits.MostPerAddress ??= OfOneAddress(listener.Limits.Most!.Value);
        return (null, isReduced ? string.Join(", ", listeners.Select(l => $"{l.Key}={l.Limits.Most}")) : null);
    }

    private static List<(string Key, ListenerLimits Limits, int Usual)> Listeners(HostSettings s)
    {
        List<(string, ListenerLimits, int)> listeners = [("server.http.max_connections", s.HttpLimits, UsualMost), ("cluster.orleans.max_connections", s.OrleansLimits, UsualClients)];
        if (s.RedisEnabled) listeners.Add(("server.redis.max_connections", s.RedisLimits, UsualMost));
        return listeners;
    }

    // One address can be many clients, behind a proxy; but it does not get the last eighth.
    private static int OfOneAddress(int most) => Math.Max(1, most - (most / 8));
}
