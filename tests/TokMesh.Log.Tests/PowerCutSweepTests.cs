using TokMesh.TestKit.Disks;

namespace TokMesh.Log.Tests;

public class PowerCutSweepTests
{
    private const int Steps = 60;

    public static TheoryData<ulong, bool, long> Histories => new()
    {
        { 1, true, 1024 },
        { 2, false, 1024 },
        { 3, true, 2048 },
        { 4, false, 700 },
        { 5, true, 4096 },
        { 6, false, 512 },
    };

    [Theory]
    [MemberData(nameof(Histories))]
    public void Nothing_acknowledged_is_lost_whenever_the_power_goes(ulong seed, bool isEncrypted, long segmentBytes)
    {
        var operations = Live(seed, isEncrypted, segmentBytes, cutAt: 0, disk => disk.Crash(), out var segments);
        Assert.True(operations > 100 && segments > 2, $"{operations} operations and {segments} segments prove little.");

        for (long cut = 1; cut <= operations; cut++)
        {
            Live(seed, isEncrypted, segmentBytes, cut, disk => disk.Crash(), out _);
            Live(seed, isEncrypted, segmentBytes, cut, disk => disk.KillProcess(), out _);
            for (ulong survival = 1; survival <= 4; survival++)
                Live(seed, isEncrypted, segmentBytes, cut, disk => disk.Crash(survival * 1_000_003 + (ulong)cut), out _);
        }
    }

    // One life: run, lose power, come back, run on, lose power again, come back.
    private static long Live(ulong seed, bool isEncrypted, long segmentBytes, long cutAt, Action<VirtualDisk> crash, out long segments)
    {
        var disk = new VirtualDisk();
        var history = new History(disk, seed, isEncrypted, segmentBytes);
        disk.CutPowerAt(cutAt);
        try
        {
            history.Open();
            history.Run(Steps);
        }
        catch (SimulatedPowerCut)
        {
        }
        var operations = disk.Operations;
        crash(disk);

        // The second cut falls, by turns, into recovery itself and into the work after it.
        disk.CutPowerAt(disk.Operations + 1 + cutAt % 23);
        try
        {
            history.Open();
            history.Run(Steps / 4);
        }
        catch (SimulatedPowerCut)
        {
        }
        disk.CutPowerAt(0);
        crash(disk);
        history.Open();
        history.Run(5);
        segments = history.MostSegments;
        return operations;
    }
}
