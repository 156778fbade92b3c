using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using TokMesh.Redis.FrontEnd;
using TokMesh.Redis.Protocol;

namespace TokMesh.Redis.Server;

/// <summary>INFO (https://redis.io/commands/info): what tools and client libraries look for.</summary>
internal static class InfoText
{
    /// <summary>The version of Redis whose replies these are.</summary>
    public const string RedisVersion = "7.0.15";

    private static readonly string TokMeshVersion = typeof(InfoText).Assembly.GetName().Version?.ToString(3) ?? "0";

    private static readonly (string Name, Action<StringBuilder, RedisFrontEnd, ClientState, long?> Write)[] Sections =
    [
        ("server", static (text, frontEnd, client, _) => Server(text, frontEnd, client)),
        ("clients", static (text, frontEnd, _, _) => Line(text, "# Clients\r\nconnected_clients", frontEnd.ConnectedClients)),
        ("memory", static (text, _, _, _) => Memory(text)),
        ("persistence", static (text, _, _, _) => text.Append("# Persistence\r\nloading:0\r\nasync_loading:0\r\naof_enabled:1\r\naof_last_write_status:ok\r\n")),
        ("stats", static (text, frontEnd, _, _) => Stats(text, frontEnd)),
        ("replication", static (text, _, _, _) => text.Append("# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_failover_state:no-failover\r\n")),
        ("cluster", static (text, _, _, _) => text.Append("# Cluster\r\ncluster_enabled:0\r\n")),
        ("keyspace", static (text, _, _, keys) => Keyspace(text, keys)),
    ];

    /// <summary>The sections asked for; all when none is.</summary>
    /// <param name="frontEnd">The front end.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="keys">Keys and sessions in the store; null when not known.</param>
    /// <param name="wanted">Names of sections in any case.</param>
    public static string Of(RedisFrontEnd frontEnd, ClientState client, long? keys, ReadOnlySpan<byte[]> wanted)
    {
        var text = new StringBuilder(1024);
        foreach (var (name, write) in Sections)
        {
            if (!IsWanted(wanted, name)) continue;
            if (text.Length > 0) text.Append("\r\n");
            write(text, frontEnd, client, keys);
        }
        return text.ToString();
    }

    private static bool IsWanted(ReadOnlySpan<byte[]> wanted, string name)
    {
        if (wanted.IsEmpty) return true;
        foreach (var word in wanted)
            if (Ascii.EqualsIgnoreCase(word, name) || Words.Is(word, "default"u8) || Words.Is(word, "all"u8) || Words.Is(word, "everything"u8)) return true;
        return false;
    }

    private static void Server(StringBuilder text, RedisFrontEnd frontEnd, ClientState client)
    {
        var uptime = (frontEnd.Node.NowMs - frontEnd.StartedAtMs) / 1000;
        text.Append("# Server\r\n");
        Line(text, "redis_version", RedisVersion);
        Line(text, "redis_mode", "standalone");
        Line(text, "tokmesh_version", TokMeshVersion);
        Line(text, "os", RuntimeInformation.OSDescription);
        Line(text, "arch_bits", IntPtr.Size * 8);
        Line(text, "process_id", Environment.ProcessId);
        Line(text, "run_id", frontEnd.Node.Bootstrap.ClusterId.ToString("N") + frontEnd.Node.Self.ToString().PadLeft(8, '0'));
        Line(text, "tcp_port", client.Local?.Port ?? 0);
        Line(text, "server_time_usec", frontEnd.WallMs() * 1000);
        Line(text, "uptime_in_seconds", uptime);
        Line(text, "uptime_in_days", uptime / 86_400);
    }

    private static void Memory(StringBuilder text)
    {
        var used = GC.GetTotalMemory(forceFullCollection: false);
        text.Append("# Memory\r\n");
        Line(text, "used_memory", used);
        Line(text, "used_memory_human", Human(used));
        Line(text, "used_memory_rss", Environment.WorkingSet);
        Line(text, "used_memory_rss_human", Human(Environment.WorkingSet));
        Line(text, "maxmemory", 0);
        Line(text, "maxmemory_human", "0B");
        Line(text, "maxmemory_policy", "noeviction");
        Line(text, "mem_allocator", "dotnet");
    }

    private static void Stats(StringBuilder text, RedisFrontEnd frontEnd)
    {
        text.Append("# Stats\r\n");
        Line(text, "total_connections_received", frontEnd.TotalConnections);
        Line(text, "total_commands_processed", frontEnd.TotalCommands);
        Line(text, "rejected_connections", 0);
        Line(text, "evicted_keys", 0);
    }

    private static void Keyspace(StringBuilder text, long? keys)
    {
        text.Append("# Keyspace\r\n");
        if (keys is > 0) text.Append(CultureInfo.InvariantCulture, $"db0:keys={keys},expires=0,avg_ttl=0\r\n");
    }

    private static string Human(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.00}M");

    private static void Line<T>(StringBuilder text, string name, T value) => text.Append(CultureInfo.InvariantCulture, $"{name}:{value}\r\n");
}
