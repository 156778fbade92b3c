using TokMesh.Raft;

namespace TokMesh.Cluster.Tests;

public sealed class ClockGuardTests : INodeWatch
{
    private readonly List<(bool Trusted, double OffsetMs)> _verdicts = [];

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

    void INodeWatch.ClockJudged(bool trusted, double offsetMs) => _verdicts.Add((trusted, offsetMs));

    void INodeWatch.LeaderChanged(uint group, Role role, Term term, MemberId leader) => Assert.Fail("No leader is involved.");

    void INodeWatch.BadFrame(MemberId from, string problem) => Assert.Fail("No frame is involved.");

    private ClockGuard New() => new(500, this);
}
