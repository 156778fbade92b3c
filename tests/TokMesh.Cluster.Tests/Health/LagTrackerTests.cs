using TokMesh.Cluster.Health;

namespace TokMesh.Cluster.Tests.Health;

public sealed class LagTrackerTests
{
    private readonly LagTracker _tracker = new();

    [Fact]
    public void Whoever_has_what_the_leader_had_a_while_ago_keeps_up_however_much_it_lacks_now()
    {
        ulong last = 1_000;
        for (long now = 0; now < 60_000; now += 1_000, last += 100_000)
            Assert.Equal(Lag.None, _tracker.Look(1, 2, last < 300_000 ? 0 : last - 300_000, 0, last, now));
    }

    [Fact]
    public void One_entry_that_does_not_come_is_behind_and_then_stuck()
    {
        Assert.Equal(Lag.None, _tracker.Look(1, 2, 99, 0, 100, 0));
        Assert.Equal(Lag.None, _tracker.Look(1, 2, 99, 0, 100, LagTracker.BehindAfterMs - 1));
        Assert.Equal(Lag.Behind, _tracker.Look(1, 2, 99, 0, 100, LagTracker.BehindAfterMs));
        Assert.Equal(Lag.Behind, _tracker.Look(1, 2, 99, 0, 100, LagTracker.StuckAfterMs - 1));
        Assert.Equal(Lag.Stuck, _tracker.Look(1, 2, 99, 0, 100, LagTracker.StuckAfterMs));
        Assert.Equal(Lag.None, _tracker.Look(1, 2, 100, 0, 100, LagTracker.StuckAfterMs + 1));
        Assert.Equal(Lag.None, _tracker.Look(1, 2, 100, 0, 101, LagTracker.StuckAfterMs + 2));
    }

    [Fact]
    public void Whoever_moves_is_behind_and_not_stuck_also_while_a_snapshot_is_on_its_way()
    {
        _tracker.Look(1, 2, 0, 0, 1_000_000, 0);
        for (var s = 1; s < 120; s++)
            Assert.Equal(s < 5 ? Lag.None : Lag.Behind, _tracker.Look(1, 2, s < 60 ? 0u : (ulong)s, s < 60 ? s : 0, 2_000_000, s * 1_000));
    }

    [Fact]
    public void Replicas_are_told_apart_and_forgotten_with_the_leadership()
    {
        _tracker.Look(1, 2, 0, 0, 10, 0);
        _tracker.Look(1, 3, 10, 0, 10, 0);
        _tracker.Look(2, 2, 0, 0, 10, 0);
        Assert.Equal(Lag.Stuck, _tracker.Look(1, 2, 0, 0, 10, 20_000));
        Assert.Equal(Lag.None, _tracker.Look(1, 3, 0, 0, 10, 20_000));
        _tracker.Forget(1);
        Assert.Equal(Lag.None, _tracker.Look(1, 2, 0, 0, 10, 20_001));
        Assert.Equal(Lag.Stuck, _tracker.Look(2, 2, 0, 0, 10, 20_001));
    }
}
