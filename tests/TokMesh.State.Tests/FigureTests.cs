using System.Buffers;
using System.Diagnostics;
using TokMesh.State.Entries;
using TokMesh.State.Keys;
using TokMesh.TestKit.Samples;
using Xunit.Abstractions;

namespace TokMesh.State.Tests;

/// <summary>What a session costs in memory, asserted; what operations and snapshots cost in time, reported.</summary>
[Collection(Alone.Name)]
public class FigureTests(ITestOutputHelper output)
{
    private const int SessionsPerShard = 1_000_000 / 256;

    [Fact]
    public void A_session_with_200_bytes_of_data_takes_less_than_600_bytes_of_heap()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var states = Fill(shards: 50, new Stopwatch());
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (50.0 * SessionsPerShard);
        GC.KeepAlive(states);
        output.WriteLine($"{bytes:F1} bytes per session");
        Assert.Equal(200, SampleSessions.Data.Length);
        Assert.InRange(bytes, 420, 600);
    }

    /// <summary>In time; in bytes, <c>./tokmesh bench --memory</c> tells.</summary>
    [SkippableFact]
    public void Figures_at_a_million_sessions()
    {
        Skip.If(Environment.GetEnvironmentVariable("TOKMESH_FIGURES") is null, "Takes most of a minute; set TOKMESH_FIGURES=1 to measure.");
        var applying = new Stopwatch();
        Snapshots(Fill(shards: 256, applying));
        output.WriteLine($"create: {applying.Elapsed.TotalNanoseconds / (256 * SessionsPerShard):F0} ns per op applied, 64 ops per entry");
        (var ns, var allocated) = OverwriteKeys(20_000);
        output.WriteLine($"key set (overwrite): {ns:F0} ns per op, {allocated:F2} bytes allocated per op");
    }

    [Fact]
    public void Overwriting_a_key_allocates_nothing() => Assert.InRange(OverwriteKeys(500).Allocated, 0, 0.5);

    private static ShardState[] Fill(int shards, Stopwatch applying)
    {
        var states = new ShardState[shards];
        for (var i = 0; i < shards; i++)
            states[i] = SampleSessions.Fill(i * SessionsPerShard, SessionsPerShard, applying);
        return states;
    }

    private void Snapshots(ShardState[] states)
    {
        double writeMs = 0, readMs = 0;
        long bytes = 0;
        var buffer = new ArrayBufferWriter<byte>(8 << 20);
        foreach (var state in states)
        {
            buffer.ResetWrittenCount();
            var start = Stopwatch.GetTimestamp();
            state.WriteSnapshot(buffer);
            writeMs += Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            bytes += buffer.WrittenCount;
            start = Stopwatch.GetTimestamp();
            var read = ShardState.ReadSnapshot(new ReadOnlySequence<byte>(buffer.WrittenMemory));
            readMs += Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Assert.Equal(state.SessionCount, read.SessionCount);
        }
        var mb = bytes / 1e6;
        output.WriteLine($"snapshots of all: {mb:F0} MB, written in {writeMs:F0} ms ({mb / writeMs * 1000:F0} MB/s), read in {readMs:F0} ms ({mb / readMs * 1000:F0} MB/s)");
    }

    private static (double Ns, double Allocated) OverwriteKeys(int rounds)
    {
        var state = new ShardState();
        var sink = new NoRefusals();
        var entry = new EntryBuilder(OpFormat.IsWellFormed);
        ulong seq = 0;
        var ops = new ReadOnlyMemory<byte>[64];
        var apply = new Stopwatch();
        long allocated = 0;
        for (var round = -500; round < rounds; round++)
        {
            for (var i = 0; i < ops.Length; i++)
                ops[i] = TestShard.Bytes(o => KeyOps.Set(o, TestShard.U($"key:{(round & 63) * 64 + i:D10}"), new byte[64]));
            entry.Start(1000);
            entry.Append(1, seq + 1, seq + 1, ops);
            seq += (ulong)ops.Length;
            if (round == 0)
                apply.Reset();
            var before = GC.GetAllocatedBytesForCurrentThread();
            apply.Start();
            state.Apply(state.AppliedIndex + 1, entry.Written.Span, sink);
            apply.Stop();
            if (round >= 0)
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }
        return (apply.Elapsed.TotalNanoseconds / (rounds * 64.0), allocated / (rounds * 64.0));
    }
}
