using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using System.Runtime.CompilerServices;
using TokMesh.State;
using TokMesh.TestKit.Samples;

namespace TokMesh.Bench;

/// <summary>What a load left on the managed heap, and the pauses it took.</summary>
/// <param name="What">Into what the sessions were loaded.</param>
/// <param name="Seconds">How long the load took.</param>
/// <param name="HeapBytes">Growth of the heap, objects' headers and empty table slots included, after full collections.</param>
/// <param name="BytesPerSession">The same, divided.</param>
/// <param name="Pauses">Pauses during the load, those of the forced collections left out.</param>
internal sealed record MemoryResult(string What, double Seconds, long HeapBytes, double BytesPerSession, GcPauseFigures Pauses);

/// <summary>All that <c>--memory</c> measured.</summary>
/// <param name="Sessions">How many were loaded.</param>
/// <param name="DataBytes">Bytes of data in each.</param>
/// <param name="LimitBytesPerSession">What a session may cost as replica state.</param>
/// <param name="Gc">The collector's settings.</param>
/// <param name="State">The state of a replica alone.</param>
/// <param name="Node">A whole node.</param>
/// <param name="NodeLogBytes">Size of the node's log on disk at its last housekeeping; null if there was none.</param>
internal sealed record MemoryReport(int Sessions, int DataBytes, int LimitBytesPerSession, string Gc, MemoryResult State, MemoryResult Node, long? NodeLogBytes);

/// <summary>What a session costs in memory, as replica state and within a whole node, and how long collections pause meanwhile.</summary>
internal static class MemoryRun
{
    public const int Shards = 256;
    private const int LimitBytesPerSession = 600;
    private const int LimitHoldsFrom = 1_000_000;

    public static async Task<MemoryReport> RunAsync(int sessions)
    {
        var gc = $"{(GCSettings.IsServerGC ? "server" : "workstation")}, {(GCSettings.LatencyMode == GCLatencyMode.Batch ? "not concurrent" : "concurrent")}";
        Console.WriteLine($"  {sessions} sessions with {SampleSessions.Data.Length} bytes of data each, in {Shards} shards; garbage collection: {gc}");
        Console.WriteLine($"  {"loaded into",-22} {"seconds",8} {"heap MB",8} {"bytes/session",14} {"pauses",7} {"total ms",9} {"p99 ms",7} {"longest ms",11}");
        using var pauses = new GcPauses();

        var state = await LoadStateAsync(sessions, pauses);
        Print(state);
        await using var node = new MemoryNode(sessions);
        var whole = await node.LoadAsync(pauses);
        Print(whole);

        Console.WriteLine($"  A session may cost {LimitBytesPerSession} bytes as replica state: "
            + (sessions < LimitHoldsFrom ? $"from {LimitHoldsFrom} on; with fewer, what empty shards take counts for more."
                : state.BytesPerSession <= LimitBytesPerSession ? "it does not cost more." : "it COSTS MORE."));
        Console.WriteLine("  The node's heap also holds the newest entries of every Raft log, for followers that are behind: so many bytes a group at most,");
        Console.WriteLine("  however many sessions there are. On disk, its log " + (node.LogBytes is { } bytes
            ? Text($"had {bytes / 1e6:F0} MB at its last housekeeping, after snapshots.") : Text($"has not reached the {node.SnapshotThresholdBytes / 1e6:F0} MB at which snapshots begin.")));
        Console.WriteLine(Text($"  By the runtime's own count the pauses were {state.Pauses.RuntimeTotalMs:F0} and {whole.Pauses.RuntimeTotalMs:F0} ms in total."));
        return new MemoryReport(sessions, SampleSessions.Data.Length, LimitBytesPerSession, gc, state, whole, node.LogBytes);
    }

    /// <summary>The heap without garbage.</summary>
    public static long HeapBytes() => GC.GetTotalMemory(forceFullCollection: true);

    private static async Task<MemoryResult> LoadStateAsync(int sessions, GcPauses pauses)
    {
        var before = HeapBytes();
        pauses.Begin();
        var clock = Stopwatch.StartNew();
        var states = Fill(sessions);
        var seconds = clock.Elapsed.TotalSeconds;
        var figures = await pauses.EndAsync();
        var heap = HeapBytes() - before;
        GC.KeepAlive(states);
        return new MemoryResult($"state of {Shards} shards", seconds, heap, heap / (double)sessions, figures);
    }

    // Not inlined: what it needed for filling must be garbage when the heap is measured.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ShardState[] Fill(int sessions)
    {
        var states = new ShardState[Shards];
        var progress = new MemoryProgress(sessions);
        var applying = new Stopwatch();
        for (var i = 0; i < Shards; i++)
        {
            var first = (int)((long)sessions * i / Shards);
            states[i] = SampleSessions.Fill(first, (int)((long)sessions * (i + 1) / Shards) - first, applying);
            progress.Show(first);
        }
        progress.End();
        return states;
    }

    private static void Print(MemoryResult r) =>
        Console.WriteLine(Text($"  {r.What,-22} {r.Seconds,8:F1} {r.HeapBytes / 1e6,8:F0} {r.BytesPerSession,14:F1} {r.Pauses.Count,7} {r.Pauses.TotalMs,9:F0} {r.Pauses.P99Ms,7:F1} {r.Pauses.LongestMs,11:F1}"));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
