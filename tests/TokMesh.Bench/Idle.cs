using System.Diagnostics;

namespace TokMesh.Bench;

/// <summary>What a node without work costs.</summary>
/// <param name="System">Of which cluster.</param>
/// <param name="Node">Its number, from 1.</param>
/// <param name="CorePercent">Share of one core it used.</param>
/// <param name="SwitchesPerSecond">How often its threads gave up their core to wait.</param>
internal sealed record IdleNode(string System, int Node, double CorePercent, double SwitchesPerSecond);

/// <summary>Measures nodes that nobody calls.</summary>
internal static class Idle
{
    /// <summary>
    /// Long enough for every group to have elected and become quiescent, and for the runtime to have compiled anew what runs often: after a
    /// start it does that for about a minute.
    /// </summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(75);

    public static async Task<IReadOnlyList<IdleNode>> RunAsync(TokMeshCluster cluster, TimeSpan duration)
    {
        await Task.Delay(Settling);
        var before = cluster.Nodes.Select(n => Look(n.Pid)).ToArray();
        var clock = Stopwatch.StartNew();
        await Task.Delay(duration);
        var seconds = clock.Elapsed.TotalSeconds;
        return [.. cluster.Nodes.Select((n, i) =>
        {
            var after = Look(n.Pid);
            return new IdleNode(cluster.Name, i + 1, 100 * (after.Cpu - before[i].Cpu).TotalSeconds / seconds, (after.Switches - before[i].Switches) / seconds);
        })];
    }

    private static (TimeSpan Cpu, long Switches) Look(int pid)
    {
        using var process = Process.GetProcessById(pid);
        // Of every thread: /proc/pid/status speaks of the main one only.
        var switches = Directory.GetDirectories($"/proc/{pid}/task").Sum(task => File.ReadLines($"{task}/status")
            .Where(line => line.StartsWith("voluntary_ctxt_switches:", StringComparison.Ordinal)).Sum(line => long.Parse(line[24..])));
        return (process.TotalProcessorTime, switches);
    }
}
