using System.Security.Cryptography;
using TokMesh.Log.Disks;
using TokMesh.Log.Writing;
using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

public sealed class AllocationTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"tokmesh-log-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_directory))
            Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Appending_and_flushing_allocates_next_to_nothing(bool isRealDisk)
    {
        const int Windows = 31;
        const int RoundsPerWindow = 100;
        const int BytesPerRound = 16;
        IDisk disk = isRealDisk ? new FileDisk(_directory) : new VirtualDisk();
        var options = new WriteAheadLogOptions { Key = TestLog.Key, FillRandom = RandomNumberGenerator.Fill, SegmentBytes = 32 << 20 };
        using var log = WriteAheadLog.Open(disk, options, out _);
        var batch = new LogBatch();
        var payload = new byte[100];
        ulong index = 0;
        void Round()
        {
            batch.Reset();
            index++;
            for (uint group = 1; group <= 8; group++)
                batch.AppendEntry(group, index, 1, 0, payload);
            log.Append(batch);
            log.Flush();
        }
        var windows = new long[Windows];
        for (var window = 0; window < Windows; window++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < RoundsPerWindow; i++)
                Round();
            windows[window] = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        // Some windows are not steady: the first grows buffers, and a virtual file's memory doubles now and then.
        Array.Sort(windows);
        Assert.True(windows[Windows / 2] < RoundsPerWindow * BytesPerRound, $"{windows[Windows / 2]} bytes in {RoundsPerWindow} rounds.");
    }
}
