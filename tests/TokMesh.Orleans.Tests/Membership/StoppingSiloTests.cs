using System.Net;
using TokMesh.Orleans.Membership;
using TokMesh.TestKit.Nodes;

namespace TokMesh.Orleans.Tests.Membership;

/// <summary>The table in a meta that has lost its majority, on a clock that the tests move.</summary>
public sealed class StoppingSiloTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_silo_that_stops_waits_half_a_second_for_a_majority_and_then_hardly_at_all()
    {
        var clock = new ManualClock();
        using var alone = new OneNode(members: 3, replicas: 3, clock: clock);
        var table = new MetaMembershipTable(() => alone.Store, "c", static () => true);

        var first = table.UpdateIAmAliveAsync(Silo, default);
        clock.Advance(400);
        await Task.WhenAny(first, Task.Delay(200));
        Assert.False(first.IsCompleted);
        clock.Advance(150);
        await first.WaitAsync(Patience);

        var second = table.UpdateIAmAliveAsync(Silo, default);
        clock.Advance(150);
        await second.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_silo_that_runs_waits_for_an_election()
    {
        var clock = new ManualClock();
        using var alone = new OneNode(members: 3, replicas: 3, clock: clock);
        var table = new MetaMembershipTable(() => alone.Store, "c", static () => false);

        var update = table.UpdateIAmAliveAsync(Silo, default);
        clock.Advance(4_000);
        await Task.WhenAny(update, Task.Delay(200));
        Assert.False(update.IsCompleted);
        clock.Advance(1_500);
        await Assert.ThrowsAsync<OrleansException>(() => update.WaitAsync(Patience));
    }

    private static MembershipEntry Silo => new() { SiloAddress = SiloAddress.New(IPAddress.Loopback, 1, 7), SiloName = "tmnd-1", HostName = "host" };
}
