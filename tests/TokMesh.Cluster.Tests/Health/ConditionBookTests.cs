using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Tests.Health;

public sealed class ConditionBookTests
{
    private const long Wall = 1_800_000_000_000;
    private readonly ConditionBook _book = new();
    private readonly List<(HealthCode Code, bool IsRaised)> _changes = [];

    public static TheoryData<HealthCode> Codes => [.. HealthCodes.All];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_condition_is_raised_once_when_it_lasts_and_cleared_once_when_it_is_over(HealthCode code)
    {
        var (raiseAfter, clearAfter) = (HealthCodes.RaiseAfterMs(code), HealthCodes.ClearAfterMs(code));
        for (long now = 0; now < raiseAfter; now += 500) See(now, code);
        Assert.Empty(_changes);
        See(raiseAfter, code);
        See(raiseAfter + 500, code);
        Assert.Equal([(code, true)], _changes);
        var raised = Assert.Single(_book.Raised);
        Assert.Equal((code, new MemberId(3), Wall), (raised.Code, raised.Subject, raised.SinceMs));
        for (long now = 500; now < clearAfter; now += 500) See(raiseAfter + 500 + now);
        Assert.Single(_book.Raised);
        See(raiseAfter + 500 + clearAfter);
        Assert.Empty(_book.Raised);
        Assert.Equal([(code, true), (code, false)], _changes);
    }

    [Fact]
    public void What_comes_and_goes_within_its_time_is_not_raised()
    {
        for (long now = 0; now < 20_000; now += 2_000)
        {
            See(now, HealthCode.NoLeader);
            See(now + 1_000);
        }
        Assert.Empty(_changes);
    }

    [Fact]
    public void What_is_raised_and_is_not_seen_for_a_moment_stays_and_keeps_its_beginning()
    {
        See(0, HealthCode.DiskSlow);
        for (long now = 1_000; now < 60_000; now += 2_000)
        {
            See(now);
            See(now + 1_000, HealthCode.DiskSlow);
        }
        Assert.Equal([(HealthCode.DiskSlow, true)], _changes);
        Assert.Equal(Wall, Assert.Single(_book.Raised).SinceMs);
    }

    [Fact]
    public void Numbers_move_while_a_condition_stays()
    {
        Round(0, Found(HealthCode.ReplicaBehind, [9, 4, 7, 1, 3, 8]));
        Assert.Equal((6, "1,3,4,7,8"), (_book.Raised[0].Groups, string.Join(',', _book.Raised[0].Examples)));
        Round(1_000, Found(HealthCode.ReplicaBehind, [0]));
        Assert.Equal((1, "0"), (_book.Raised[0].Groups, string.Join(',', _book.Raised[0].Examples)));
        Assert.Single(_changes);
    }

    private static SortedDictionary<(HealthCode, uint), Finding> Found(HealthCode code, uint[] groups)
    {
        var finding = new Finding();
        foreach (var group in groups) finding.Add(group);
        return new() { [(code, 3)] = finding };
    }

    private void See(long now, params HealthCode[] codes)
    {
        var seen = new SortedDictionary<(HealthCode, uint), Finding>();
        foreach (var code in codes) seen[(code, 3)] = new Finding();
        Round(now, seen);
    }

    private void Round(long now, SortedDictionary<(HealthCode, uint), Finding> seen) =>
        _book.Round(seen, now, Wall + now, (condition, isRaised) => _changes.Add((condition.Code, isRaised)));
}
