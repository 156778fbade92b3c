using TokMesh.Cluster.Disks;

namespace TokMesh.Cluster.Tests;

public sealed class DiskWatchTests
{
    private const int TimeoutMs = 600;

    private readonly List<DiskState> _told = [];
    private readonly DiskWatch _watch;
    private long _now = 1_000_000;

    public DiskWatchTests() => _watch = new DiskWatch(TimeoutMs, () => _told.Add(_watch!.State));

    [Fact]
    public void A_write_that_is_not_back_after_an_election_timeout_is_a_hang()
    {
        _watch.Submitted(100, _now);
        Pass(TimeoutMs - 10);
        Assert.Equal(DiskState.Answers, _watch.State);
        Pass(20);
        Assert.Equal(DiskState.Hangs, _watch.State);
        Assert.Equal(DiskState.Hangs, Assert.Single(_told));
        Assert.InRange(_watch.WaitingMs, TimeoutMs, TimeoutMs + 20);
    }

    [Fact]
    public void A_disk_that_nothing_is_asked_of_does_not_hang()
    {
        Pass(60_000);
        Assert.Equal(DiskState.Answers, _watch.State);
        Assert.Equal(0, _watch.WaitingMs);
    }

    [Fact]
    public void Many_writes_that_wait_behind_each_other_and_come_back_are_no_hang()
    {
        for (var i = 0; i < 5; i++) _watch.Submitted(100, _now);
        for (var i = 0; i < 5; i++)
        {
            Pass(TimeoutMs - 50);
            _watch.Completed(1, 100, _now);
        }
        Assert.Empty(_told);
    }

    [Fact]
    public void After_a_hang_the_disk_must_answer_for_a_while_and_longer_each_time()
    {
        Assert.InRange(TrustedAfter(Hang()), 1_990, 2_020);
        Assert.InRange(TrustedAfter(Hang()), 3_990, 4_020);
        Assert.InRange(TrustedAfter(Hang()), 7_990, 8_020);
        Assert.Equal(DiskState.Answers, _told[^1]);
        Pass(600_000);
        Assert.InRange(TrustedAfter(Hang()), 1_990, 2_020);
    }

    [Fact]
    public void A_disk_that_hangs_again_before_it_is_trusted_hangs()
    {
        Hang();
        Pass(1_000);
        Assert.Equal(DiskState.Recovers, _watch.State);
        _watch.Submitted(100, _now);
        Pass(TimeoutMs + 10);
        Assert.Equal(DiskState.Hangs, _watch.State);
    }

    [Fact]
    public void A_disk_that_is_always_slow_does_not_hang_when_it_is_slow()
    {
        for (var i = 0; i < 10; i++) Write(900);
        _told.Clear();
        Pass(120_000);
        Assert.Equal(DiskState.Answers, _watch.State);
        _told.Clear();
        for (var i = 0; i < 50; i++) Write(900 + (i % 5) * 200);
        Assert.Empty(_told);
        // Far beyond what it usually takes it does.
        _watch.Submitted(100, _now);
        Pass(5_500);
        Assert.Equal(DiskState.Hangs, _watch.State);
    }

    [Fact]
    public void However_slow_it_usually_is_a_disk_hangs_after_ten_election_timeouts()
    {
        for (var i = 0; i < 20; i++) Write(5_900);
        Pass(120_000);
        _told.Clear();
        _watch.Submitted(100, _now);
        Pass(10 * TimeoutMs + 10);
        Assert.Equal(DiskState.Hangs, _watch.State);
    }

    [Fact]
    public void One_long_write_among_short_ones_does_not_make_long_ones_usual()
    {
        for (var i = 0; i < 30; i++) Write(2);
        Write(20_000);
        Pass(10_000);
        Assert.Equal(DiskState.Answers, _watch.State);
        _watch.Submitted(100, _now);
        Pass(TimeoutMs + 10);
        Assert.Equal(DiskState.Hangs, _watch.State);
    }

    [Fact]
    public void Much_data_takes_its_time()
    {
        _watch.Submitted(16 << 20, _now);
        Pass(4_500);
        Assert.Equal(DiskState.Answers, _watch.State);
        Pass(300);
        Assert.Equal(DiskState.Hangs, _watch.State);
        _watch.Completed(1, 16 << 20, _now);
        Pass(120_000);
        _watch.Submitted(100, _now);
        Pass(TimeoutMs + 10);
        Assert.Equal(DiskState.Hangs, _watch.State);
    }

    [Fact]
    public void A_process_that_stood_still_does_not_blame_the_disk()
    {
        _watch.Submitted(100, _now);
        _now += 30_000;
        _watch.Look(_now);
        Assert.Equal(DiskState.Answers, _watch.State);
        _watch.Completed(1, 100, _now);
        Assert.Empty(_told);
    }

    private long Hang()
    {
        Write(TimeoutMs + 100);
        Assert.Equal(DiskState.Recovers, _watch.State);
        return _now;
    }

    private long TrustedAfter(long from)
    {
        while (_watch.State != DiskState.Answers) Pass(10);
        return _now - from;
    }

    private void Write(int ms)
    {
        _watch.Submitted(100, _now);
        Pass(ms);
        _watch.Completed(1, 100, _now);
    }

    private void Pass(int ms)
    {
        for (var end = _now + ms; _now < end;)
        {
            _now = Math.Min(end, _now + 10);
            _watch.Look(_now);
        }
    }
}
