using System.Buffers;
using System.Diagnostics;
using System.Text;
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
        double bytes = Measure(shards: 50, report: false);
        output.WriteLine($"{bytes:F1} bytes per session");
        Assert.InRange(bytes, 420, 600);
    }

    [SkippableFact]
    public void Figures_at_a_million_sessions()
    {
        Skip.If(Environment.GetEnvironmentVariable("TOKMESH_FIGURES") is null, "Takes most of a minute; set TOKMESH_FIGURES=1 to measure.");
        output.WriteLine($"{Measure(shards: 256, report: true):F1} bytes per session at {256 * SessionsPerShard} sessions");
        (double ns, double allocated) = OverwriteKeys(20_000);
        output.WriteLine($"key set (overwrite): {ns:F0} ns per op, {allocated:F2} bytes allocated per op");
    }

    [Fact]
    public void Overwriting_a_key_allocates_nothing() => Assert.InRange(OverwriteKeys(500).Allocated, 0, 0.5);

    private double Measure(int shards, bool report)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var states = new ShardState[shards];
        var clock = new Stopwatch();
        for (int i = 0; i < shards; i++)
            states[i] = Fill(i, clock);
        long after = GC.GetTotalMemory(forceFullCollection: true);
        double perSession = (after - before) / (double)(shards * SessionsPerShard);
        if (report)
        {
            output.WriteLine($"create: {clock.Elapsed.TotalNanoseconds / (shards * SessionsPerShard):F0} ns per op applied, 64 ops per entry");
            Snapshots(states);
        }
        GC.KeepAlive(states);
        return perSession;
    }

    private static ShardState Fill(int shard, Stopwatch clock)
    {
        var state = new ShardState();
        var sink = new Sink();
        var entry = new EntryBuilder();
        var op = new ArrayBufferWriter<byte>();
        byte[] data = SessionData.Encode([KeyValuePair.Create("roles", new string('r', 90)), KeyValuePair.Create("tenant", new string('t', 92))]);
        byte[] agent = Encoding.UTF8.GetBytes(new string('m', 60)), device = Encoding.UTF8.GetBytes("device-000000016");
        ulong seq = 0;
        var ops = new List<ReadOnlyMemory<byte>>();
        for (int n = 0; n < SessionsPerShard; n++)
        {
            int number = (shard * SessionsPerShard) + n;
            op.ResetWrittenCount();
            SessionOps.Create(op, new CreateSession
            {
                Id = new SessionId(Ulid.Of(1_700_000_000_000 + number, new byte[10])),
                Token = TokenHash.OfToken($"token-{number}"),
                UserId = Encoding.UTF8.GetBytes($"user-{number / 2:D19}"),
                DeviceId = device,
                Ip = BitConverter.GetBytes(number),
                UserAgent = agent,
                CreatedBy = TestShard.Key(1),
                TtlMs = 7_200_000 + number,
                Data = data,
                QuotaLimit = 50,
            });
            ops.Add(op.WrittenSpan.ToArray());
            if (ops.Count < 64 && n + 1 < SessionsPerShard)
                continue;
            entry.Start(1_700_000_000_000 + number);
            entry.Append(1, seq + 1, seq + 1, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ops));
            seq += (ulong)ops.Count;
            clock.Start();
            state.Apply(state.AppliedIndex + 1, entry.Written.Span, sink);
            clock.Stop();
            ops.Clear();
        }
        Assert.Equal(SessionsPerShard, state.SessionCount);
        return state;
    }

    private void Snapshots(ShardState[] states)
    {
        double writeMs = 0, readMs = 0;
        long bytes = 0;
        var buffer = new ArrayBufferWriter<byte>(8 << 20);
        foreach (ShardState state in states)
        {
            buffer.ResetWrittenCount();
            long start = Stopwatch.GetTimestamp();
            state.WriteSnapshot(buffer);
            writeMs += Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            bytes += buffer.WrittenCount;
            start = Stopwatch.GetTimestamp();
            ShardState read = ShardState.ReadSnapshot(new ReadOnlySequence<byte>(buffer.WrittenMemory));
            readMs += Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Assert.Equal(state.SessionCount, read.SessionCount);
        }
        double mb = bytes / 1e6;
        output.WriteLine($"snapshots of all: {mb:F0} MB, written in {writeMs:F0} ms ({mb / writeMs * 1000:F0} MB/s), read in {readMs:F0} ms ({mb / readMs * 1000:F0} MB/s)");
    }

    private static (double Ns, double Allocated) OverwriteKeys(int rounds)
    {
        var state = new ShardState();
        var sink = new Sink();
        var entry = new EntryBuilder();
        ulong seq = 0;
        var ops = new ReadOnlyMemory<byte>[64];
        var apply = new Stopwatch();
        long allocated = 0;
        for (int round = -500; round < rounds; round++)
        {
            for (int i = 0; i < ops.Length; i++)
                ops[i] = TestShard.Bytes(o => KeyOps.Set(o, TestShard.U($"key:{(round & 63) * 64 + i:D10}"), new byte[64]));
            entry.Start(1000);
            entry.Append(1, seq + 1, seq + 1, ops);
            seq += (ulong)ops.Length;
            if (round == 0)
                apply.Reset();
            long before = GC.GetAllocatedBytesForCurrentThread();
            apply.Start();
            state.Apply(state.AppliedIndex + 1, entry.Written.Span, sink);
            apply.Stop();
            if (round >= 0)
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }
        return (apply.Elapsed.TotalNanoseconds / (rounds * 64.0), allocated / (rounds * 64.0));
    }

    private sealed class Sink : IApplySink
    {
        public void Applied(ulong origin, ulong seq, ReadOnlySpan<byte> reply)
        {
            if (reply[0] == (byte)ReplyTag.Error)
                throw new InvalidOperationException("refused");
        }
    }
}
