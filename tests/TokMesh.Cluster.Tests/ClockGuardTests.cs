using TokMesh.Cluster.Clocks;

namespace TokMesh.Cluster.Tests;

public sealed class ClockGuardTests : IClock
{
    private const long Epoch = 1_800_000_000_000;
    private readonly List<(bool Trusted, double OffsetMs)> _verdicts = [];

    public long MonotonicMs { get; private set; } = 1_000;

    public long WallMs { get; private set; } = Epoch;

    [Fact]
    public void A_node_alone_trusts_itself()
    {
        var guard = New();
        Assert.False(guard.Judge([]));
        Assert.True(guard.IsTrusted);
        Assert.Equal(0, guard.OffsetMs);
    }

    [Fact]
    public void A_node_far_off_two_others_is_not_trusted_until_it_is_back()
    {
        var guard = New();
        Assert.True(guard.Judge([600, 620]));
        Assert.False(guard.IsTrusted);
        Assert.Equal(600, guard.OffsetMs);
        Assert.False(guard.Judge([650, 640]));
        Assert.True(guard.Judge([500, 510]));
        Assert.True(guard.IsTrusted);
        Assert.Equal([(false, 600), (true, 500)], _verdicts);
    }

    [Fact]
    public void One_clock_far_off_does_not_condemn_the_others()
    {
        var guard = New();
        Assert.False(guard.Judge([1, 90_000]));
        Assert.False(guard.Judge([-90_000, -2]));
        Assert.True(guard.IsTrusted);
    }

    [Fact]
    public void A_clock_that_was_never_compared_is_not_trusted_though_it_may_be_right()
    {
        var guard = New(others: 2);
        Assert.False(guard.IsTrusted);
        Assert.False(guard.IsDistrusted);
        Assert.False(guard.Now().IsTrusted);
        Assert.True(guard.Judge([3]));
        Assert.True(guard.Now().IsTrusted);
        Assert.Empty(_verdicts);
    }

    [Fact]
    public void A_clock_that_is_wrong_at_the_first_comparison_is_reported()
    {
        var guard = New(others: 2);
        Assert.False(guard.Judge([-31_536_000_000, -31_536_000_020]));
        Assert.True(guard.IsDistrusted);
        Assert.Equal([(false, -31_536_000_000)], _verdicts);
    }

    [Fact]
    public void One_word_against_another_changes_nothing()
    {
        var guard = New(others: 2);
        Assert.False(guard.Judge([60_000]));
        Assert.False(guard.IsJudged);
        guard.Judge([60_000, 60_001]);
        Assert.True(guard.IsDistrusted);
        // The third has died: were this a reason to trust itself, it would lead.
        Assert.False(guard.Judge([60_000]));
        Assert.False(guard.Judge([]));
        Assert.True(guard.IsDistrusted);
        Assert.True(guard.Judge([200]));
        Assert.True(guard.IsTrusted);
        Assert.False(guard.Judge([-60_000]));
        Assert.True(guard.IsTrusted);
    }

    [Fact]
    public void Whoever_finds_no_third_for_long_trusts_itself()
    {
        var guard = New(others: 1);
        MonotonicMs += 4_999;
        Assert.False(guard.Judge([60_000]));
        MonotonicMs += 1;
        Assert.True(guard.Judge([60_000]));
        Assert.True(guard.Now().IsTrusted);
        var lonely = New(others: 2);
        Assert.False(lonely.Judge([]));
        MonotonicMs += 5_000;
        Assert.True(lonely.Judge([]));
    }

    [Fact]
    public void A_wrong_clock_is_corrected_by_what_the_others_show_and_goes_on_from_there()
    {
        var guard = New(others: 2);
        WallMs += 60_000;
        guard.Judge([-60_000, -60_000]);
        Assert.Equal(new WallTime(Epoch, false), guard.Now());
        MonotonicMs += 250;
        WallMs += 250;
        Assert.Equal(new WallTime(Epoch + 250, false), guard.Now());
        // Wherever it goes meanwhile.
        WallMs -= 3_600_000;
        Assert.Equal(new WallTime(Epoch + 250, false), guard.Now());
        Assert.Equal(Epoch + 250, new JudgedClock(this, guard).WallMs);
    }

    [Theory]
    [InlineData(501, false)]
    [InlineData(-501, false)]
    [InlineData(500, true)]
    [InlineData(-500, true)]
    public void A_jump_shows_before_the_others_are_asked_again(int jumpMs, bool trusted)
    {
        var guard = New(others: 2);
        guard.Judge([10, 10]);
        WallMs += jumpMs;
        Assert.Equal(trusted, guard.Now().IsTrusted);
        Assert.Equal(trusted ? Epoch + jumpMs : Epoch + 10, guard.Now().WallMs);
        // It was set right: the next comparison says so.
        Assert.False(guard.Judge([0, 0]));
        Assert.True(guard.Now().IsTrusted);
    }

    [Fact]
    public void Clocks_that_drift_apart_as_far_as_leases_allow_have_not_jumped()
    {
        var guard = New(others: 2);
        guard.Judge([0, 0]);
        MonotonicMs += 100_000;
        WallMs += 110_000;
        Assert.True(guard.Now().IsTrusted);
        WallMs += 501;
        Assert.False(guard.Now().IsTrusted);
    }

    [Fact]
    public void Who_is_alone_goes_by_its_own_clock_wherever_that_goes()
    {
        var guard = New();
        WallMs += 31_536_000_000;
        Assert.Equal(new WallTime(WallMs, true), guard.Now());
    }

    [Fact]
    public void Of_two_middles_the_one_nearer_to_this_clock_counts()
    {
        var guard = New();
        Assert.False(guard.Judge([-10_000]));
        Assert.Equal(0, guard.OffsetMs);
        Assert.False(guard.Judge([-10_000, -9_000, 400]));
        Assert.Equal(0, guard.OffsetMs);
        Assert.True(guard.Judge([-9_000, -8_000, -7_000]));
        Assert.Equal(-7_000, guard.OffsetMs);
    }

    private ClockGuard New(int others = 0) => new(500, this, others, (trusted, offsetMs) => _verdicts.Add((trusted, offsetMs)));
}
