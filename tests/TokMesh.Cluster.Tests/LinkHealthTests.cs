using TokMesh.Cluster.Transport;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Tests;

public sealed class LinkHealthTests
{
    private const long Wall = 1_800_000_000_000;
    private readonly LinkHealth _health = new(new MemberId(2), 1_000, Wall);

    [Fact]
    public void The_quickest_answer_tells_the_offset()
    {
        _health.Heard(Wall, Wall + 500, Wall + 200, 1_200);
        _health.Heard(Wall + 500, Wall + 803, Wall + 504, 1_504);
        Assert.Equal(301, _health.Look(1_600, Wall + 600).ClockOffsetMs);
    }

    [Fact]
    public void What_was_measured_before_this_clock_was_set_says_nothing()
    {
        _health.Heard(Wall, Wall + 1, Wall + 2, 1_002);
        Assert.Equal(0, _health.Look(1_100, Wall + 100).ClockOffsetMs);
        // Set an hour ahead: until somebody answers again, nothing is known.
        const long set = Wall + 3_600_000;
        Assert.Null(_health.Look(1_200, set + 200).ClockOffsetMs);
        _health.Heard(set + 300, Wall + 305, set + 310, 1_310);
        Assert.Equal(-3_600_000, _health.Look(1_400, set + 400).ClockOffsetMs);
    }
}
