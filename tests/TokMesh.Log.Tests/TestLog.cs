using System.Text;
using TokMesh.Log.Disks;
using TokMesh.Log.Encryption;
using TokMesh.Log.Recovery;
using TokMesh.Log.Snapshots;
using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

/// <summary>Small makings shared by the tests.</summary>
internal static class TestLog
{
    public static byte[] Key { get; } = [.. Enumerable.Range(1, LogKey.Bytes).Select(i => (byte)i)];

    public static Action<Span<byte>> Random(ulong seed = 1)
    {
        var random = new SeededRandom(seed);
        return span =>
        {
            foreach (ref var b in span)
                b = (byte)random.Next();
        };
    }

    public static WriteAheadLogOptions Options(long segmentBytes = 1 << 16, bool isEncrypted = true, ulong seed = 1, int maxFrameBytes = 1 << 20) => new()
    {
        SegmentBytes = segmentBytes,
        MaxFrameBytes = maxFrameBytes,
        Key = isEncrypted ? Key : null,
        FillRandom = Random(seed),
    };

    public static SnapshotStore Snapshots(IDisk disk, bool isEncrypted = true, int chunkBytes = 64, ulong seed = 9) =>
        new(disk, new SnapshotStoreOptions { ChunkBytes = chunkBytes, Key = isEncrypted ? Key : null, FillRandom = Random(seed) });

    public static WriteAheadLog Open(IDisk disk, WriteAheadLogOptions? options = null) => Open(disk, out _, options);

    public static WriteAheadLog Open(IDisk disk, out LogRecovery recovery, WriteAheadLogOptions? options = null) =>
        WriteAheadLog.Open(disk, options ?? Options(), out recovery);

    public static LogRecovery Recover(IDisk disk, WriteAheadLogOptions? options = null)
    {
        using var log = Open(disk, out var recovery, options);
        return recovery;
    }

    public static void Commit(this WriteAheadLog log, Action<LogBatch> build)
    {
        var batch = new LogBatch();
        build(batch);
        log.Append(batch);
        log.Flush();
    }

    /// <summary>Appends and flushes one entry with a payload that tells its index.</summary>
    public static void CommitEntry(this WriteAheadLog log, uint group, ulong index, ulong term = 1) =>
        log.Commit(batch => batch.AppendEntry(group, index, term, 1, Payload(index)));

    public static byte[] Payload(ulong index) => Encoding.UTF8.GetBytes($"payload of entry {index}");

    public static List<ulong> Indexes(this LogRecovery recovery, uint group) =>
        recovery.Groups.TryGetValue(group, out var found) ? [.. found.Entries.Select(entry => entry.Index)] : [];

    public static Dictionary<string, byte[]> Contents(this VirtualDisk disk) => disk.List().ToDictionary(name => name, disk.ReadAll);

    public static void AssertUnchanged(this VirtualDisk disk, Dictionary<string, byte[]> before)
    {
        Assert.Equal(before.Keys.Order(), disk.List().Order());
        foreach ((var name, var bytes) in before)
            Assert.Equal(bytes, disk.ReadAll(name));
    }
}
