using TokMesh.Cluster;

namespace TokMesh.Peer.Tests;

public sealed class PeerEngineTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nodes_find_each_other_and_the_smallest_id_founds_one_cluster(bool tls)
    {
        using var authority = new TestAuthority();
        int[] ports = [TestPeer.FreePort(), TestPeer.FreePort(), TestPeer.FreePort()];
        // The second and third know only the first: the rest they learn from it.
        await using var a = await TestPeer.ListenAsync("tmnd-1", ports[0], [ports[2]], 3, tls ? authority.For("tmnd-1") : null);
        await using var b = await TestPeer.ListenAsync("tmnd-2", ports[1], [ports[0]], 3, tls ? authority.For("tmnd-2") : null);
        await using var c = await TestPeer.ListenAsync("tmnd-3", ports[2], [ports[0]], 3, tls ? authority.For("tmnd-3") : null);
        TestPeer[] peers = [a, b, c];
        var found = await Task.WhenAll(peers.Select(p => p.FindAsync()));
        Assert.All(found, g => Assert.Equal(found[0].ClusterId, g.ClusterId));
        Assert.All(peers, p => Assert.NotNull(p.Stored));
        Assert.Contains(a.Logged, l => l.Contains("Founded cluster"));
        Assert.DoesNotContain(b.Logged.Concat(c.Logged), l => l.Contains("Founded cluster"));
        foreach (var peer in peers) peer.Run(found[0]);
        await TestPeer.UntilAsync("every group has a leader everywhere", () => peers.All(p => p.LeaderChanges >= 5));
        await TestPeer.UntilAsync("all see all alive with measured clocks",
            () => peers.All(p => p.Engine.Sightings.Count == 2 && p.Engine.Sightings.All(s => s is { Liveness: Liveness.Alive, ClockOffsetMs: > -500 and < 500 })));
    }

    [Fact]
    public async Task A_node_of_another_cluster_is_refused_and_both_sides_say_so()
    {
        int[] ports = [TestPeer.FreePort(), TestPeer.FreePort()];
        await using var a = await TestPeer.ListenAsync("tmnd-1", ports[0], [], 1);
        await using var b = await TestPeer.ListenAsync("tmnd-2", ports[1], [], 1);
        // Two clusters whose addresses were crossed.
        var first = AdmissionTests.GenesisOf(a.Self, b.Self);
        var second = AdmissionTests.GenesisOf(a.Self, b.Self);
        await a.FindAsync(first);
        await b.FindAsync(second);
        a.Run(first);
        b.Run(second);
        await TestPeer.UntilAsync("both say that the other is foreign", () => new[] { a, b }.All(p =>
            p.Logged.Any(l => l.Contains("Error") && l.Contains(first.ClusterId.ToString()) && l.Contains(second.ClusterId.ToString()))));
        Assert.All(new[] { a, b }, p => Assert.All(p.Engine.Sightings, s => Assert.Equal(Liveness.Dead, s.Liveness)));
    }

    [Fact]
    public async Task A_second_node_with_the_same_id_does_not_start()
    {
        int[] ports = [TestPeer.FreePort(), TestPeer.FreePort()];
        await using var a = await TestPeer.ListenAsync("tmnd-1", ports[0], [], 2);
        await using var twin = await TestPeer.ListenAsync("tmnd-1", ports[1], [ports[0]], 2);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => twin.FindAsync());
        Assert.Contains("TM-CLST-4090", refused.Message);
        Assert.Contains("in use by two data directories", refused.Message);
        Assert.Contains(a.Logged, l => l.Contains("in use by two data directories"));
    }

    [Fact]
    public async Task A_node_that_is_not_a_member_does_not_found_a_cluster_beside()
    {
        int[] ports = [TestPeer.FreePort(), TestPeer.FreePort()];
        await using var a = await TestPeer.ListenAsync("tmnd-1", ports[0], [], 1);
        await a.FindAsync();
        await using var stranger = await TestPeer.ListenAsync("tmnd-2", ports[1], [ports[0]], 1);
        Assert.Contains("not a member", (await Assert.ThrowsAsync<InvalidOperationException>(() => stranger.FindAsync())).Message);
        Assert.Null(stranger.Stored);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused_and_both_sides_say_so()
    {
        using var ours = new TestAuthority();
        using var theirs = new TestAuthority();
        int[] ports = [TestPeer.FreePort(), TestPeer.FreePort()];
        await using var a = await TestPeer.ListenAsync("tmnd-1", ports[0], [ports[1]], 1, ours.For("tmnd-1"));
        // It trusts our authority, but what it shows is signed by its own.
        await using var b = await TestPeer.ListenAsync("tmnd-2", ports[1], [ports[0]], 1, theirs.For("tmnd-2", trusting: ours));
        var genesis = AdmissionTests.GenesisOf(a.Self, b.Self);
        await a.FindAsync(genesis);
        await b.FindAsync(genesis);
        a.Run(genesis);
        b.Run(genesis);
        await TestPeer.UntilAsync("the listener says what is wrong", () => a.Logged.Any(l => l.Contains("not of this cluster's authority")));
        await TestPeer.UntilAsync("the dialler says what is wrong", () => b.Logged.Any(l => l.Contains("Link to tmnd-1")));
        Assert.All(a.Engine.Sightings, s => Assert.Equal(Liveness.Dead, s.Liveness));
    }
}
