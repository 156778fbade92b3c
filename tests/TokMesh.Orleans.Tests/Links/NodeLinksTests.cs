using TokMesh.Client.Orleans.Access;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Transport;
using TokMesh.Orleans.Links;
using TokMesh.Orleans.Tests.Harness;

namespace TokMesh.Orleans.Tests.Links;

public sealed class NodeLinksTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nodes_find_each_other_and_the_smallest_id_founds_one_cluster(bool tls)
    {
        using var authority = new TestAuthority();
        int[] ports = [SiloCluster.FreePort(), SiloCluster.FreePort(), SiloCluster.FreePort()];
        // The second and third know only the first: the rest they learn from it.
        await using var a = await LinkedNode.ListenAsync("tmnd-1", ports[0], [ports[2]], 3, tls ? authority.For("tmnd-1") : null);
        await using var b = await LinkedNode.ListenAsync("tmnd-2", ports[1], [ports[0]], 3, tls ? authority.For("tmnd-2") : null);
        await using var c = await LinkedNode.ListenAsync("tmnd-3", ports[2], [ports[0]], 3, tls ? authority.For("tmnd-3") : null);
        LinkedNode[] nodes = [a, b, c];
        var found = await Task.WhenAll(nodes.Select(p => p.FindAsync()));
        Assert.All(found, g => Assert.Equal(found[0].ClusterId, g.ClusterId));
        Assert.All(nodes, p => Assert.NotNull(p.Stored));
        Assert.Contains(a.Logged, l => l.Contains("Began cluster"));
        Assert.DoesNotContain(b.Logged.Concat(c.Logged), l => l.Contains("Began cluster"));
        foreach (var peer in nodes) peer.Run(found[0]);
        await LinkedNode.UntilAsync("every group has a leader everywhere", () => nodes.All(p => p.LeaderChanges >= 5));
        await LinkedNode.UntilAsync("all see all alive with measured clocks",
            () => nodes.All(p => p.Links.Observed.Count == 2 && p.Links.Observed.All(s => s is { Liveness: Liveness.Alive, ClockOffsetMs: > -500 and < 500 })));
    }

    [Fact]
    public async Task A_node_of_another_cluster_is_refused_and_both_sides_say_so()
    {
        int[] ports = [SiloCluster.FreePort(), SiloCluster.FreePort()];
        await using var a = await LinkedNode.ListenAsync("tmnd-1", ports[0], [], 1);
        await using var b = await LinkedNode.ListenAsync("tmnd-2", ports[1], [], 1);
        // Two clusters whose addresses were crossed.
        var first = LinkedNode.BootstrapOf(a.Self, b.Self);
        var second = LinkedNode.BootstrapOf(a.Self, b.Self);
        await a.FindAsync(first);
        await b.FindAsync(second);
        a.Run(first);
        b.Run(second);
        await LinkedNode.UntilAsync("both say that the other is foreign", () => new[] { a, b }.All(p =>
            p.Logged.Any(l => l.Contains("Error") && l.Contains(first.ClusterId.ToString()) && l.Contains(second.ClusterId.ToString()))));
        Assert.All(new[] { a, b }, p => Assert.All(p.Links.Observed, s => Assert.Equal(Liveness.Dead, s.Liveness)));
    }

    [Fact]
    public async Task A_second_node_with_the_same_id_does_not_start()
    {
        int[] ports = [SiloCluster.FreePort(), SiloCluster.FreePort()];
        await using var a = await LinkedNode.ListenAsync("tmnd-1", ports[0], [], 2);
        await using var twin = await LinkedNode.ListenAsync("tmnd-1", ports[1], [ports[0]], 2);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => twin.FindAsync());
        Assert.Contains("TM-CLST-4090", refused.Message);
        Assert.Contains("in use by two data directories", refused.Message);
        Assert.Contains(a.Logged, l => l.Contains("in use by two data directories"));
    }

    [Fact]
    public async Task A_node_that_may_not_join_does_not_found_a_cluster_beside()
    {
        int[] ports = [SiloCluster.FreePort(), SiloCluster.FreePort()];
        await using var a = await LinkedNode.ListenAsync("tmnd-1", ports[0], [], 1, allowJoin: false);
        await a.FindAsync();
        await using var late = await LinkedNode.ListenAsync("tmnd-2", ports[1], [ports[0]], 1);
        Assert.Contains("not a member", (await Assert.ThrowsAsync<InvalidOperationException>(() => late.FindAsync())).Message);
        Assert.Null(late.Stored);
    }

    [Fact]
    public async Task A_stranger_plants_nothing_before_the_cluster_is_founded_and_is_told_nothing()
    {
        int[] ports = [SiloCluster.FreePort(), SiloCluster.FreePort()];
        await using var a = await LinkedNode.ListenAsync("tmnd-1", ports[0], [], 2);
        var waiting = a.FindAsync();
        var stranger = a.Options with { NodeId = "tmnd-0", DirectoryId = Guid.NewGuid(), Secret = TokMeshSecret.Draw() };
        var refused = await Assert.ThrowsAsync<ChallengeFailedException>(() => DialledConnection.OpenAsync(stranger, a.Options.AdvertiseAddress, null, default));
        Assert.Contains("does not have the same secret", refused.Message);
        Assert.Empty(a.Links.Candidates);
        await LinkedNode.UntilAsync("it is said", () => a.Logged.Any(l => l.Contains("does not have the secret")));

        // One that has the secret, and says that it is another than it has proved to be.
        using (var liar = await DialledConnection.OpenAsync(a.Options with { NodeId = "tmnd-0", DirectoryId = Guid.NewGuid() }, a.Options.AdvertiseAddress, null, default))
        {
            var hello = new Hello { MinVersion = HelloJudge.MinVersion, MaxVersion = HelloJudge.MaxVersion, Self = a.Self with { NodeId = "tmnd-0", DirectoryId = Guid.NewGuid() } };
            Assert.Contains("another data directory than it has proved", (await Assert.ThrowsAsync<HelloRefusedException>(() => liar.IntroduceAsync(hello, default))).Message);
        }
        Assert.Empty(a.Links.Candidates);
        await using var b = await LinkedNode.ListenAsync("tmnd-2", ports[1], [ports[0]], 2);
        Assert.Equal((await b.FindAsync()).ClusterId, (await waiting).ClusterId);
        Assert.Equal(["tmnd-1", "tmnd-2"], a.Stored!.Nodes.Select(n => n.NodeId));
    }

    [Fact]
    public async Task Where_nodes_have_certificates_an_applications_or_another_nodes_opens_nothing()
    {
        using var authority = new TestAuthority();
        int[] ports = [SiloCluster.FreePort(), SiloCluster.FreePort()];
        await using var a = await LinkedNode.ListenAsync("tmnd-1", ports[0], [], 1, authority.For("tmnd-1"));
        a.Run(await a.FindAsync());
        foreach (var (certificate, claims, says) in ((string, string, string)[])
            [("application", "application", "no node id"), ("application", "tmnd-2", "certificate for application"), ("tmnd-3", "tmnd-1", "certificate for tmnd-3")])
        {
            var options = a.Options with { NodeId = claims, DirectoryId = Guid.NewGuid(), Certificates = authority.For(certificate) };
            using var connection = await DialledConnection.OpenAsync(options, a.Options.AdvertiseAddress, null, default);
            var hello = new Hello { MinVersion = HelloJudge.MinVersion, MaxVersion = HelloJudge.MaxVersion, Self = a.Self with { NodeId = claims, DirectoryId = options.DirectoryId } };
            Assert.Contains(says, (await Assert.ThrowsAsync<HelloRefusedException>(() => connection.IntroduceAsync(hello, default))).Message);
        }
        // Orleans' own traffic: a member's certificate, and no other.
        await a.OpenForOrleansAsync(authority.For("application"));
        await a.OpenForOrleansAsync(authority.For("tmnd-2"));
        await LinkedNode.UntilAsync("both are refused", () => a.Logged.Count(l => l.Contains("no member of this cluster")) == 2);
        Assert.Equal(0, a.ForOrleans);
        await a.OpenForOrleansAsync(authority.For("tmnd-1"));
        await LinkedNode.UntilAsync("a member is let through", () => a.ForOrleans == 1);
    }

    [Fact]
    public async Task Nodes_that_have_all_moved_find_each_other_by_their_seeds()
    {
        int[] ports = [SiloCluster.FreePort(), SiloCluster.FreePort()];
        Candidate[] before = [new("tmnd-1", Guid.NewGuid(), $"127.0.0.1:{SiloCluster.FreePort()}", "", ""), new("tmnd-2", Guid.NewGuid(), $"127.0.0.1:{SiloCluster.FreePort()}", "", "")];
        var bootstrap = LinkedNode.BootstrapOf(before);
        // As the map has them nobody is there any more.
        await using var a = await LinkedNode.ListenAsync("tmnd-1", ports[0], [ports[1]], 2, directory: before[0].DirectoryId);
        await using var b = await LinkedNode.ListenAsync("tmnd-2", ports[1], [], 2, directory: before[1].DirectoryId);
        await a.FindAsync(bootstrap);
        await b.FindAsync(bootstrap);
        a.Run(bootstrap);
        b.Run(bootstrap);
        await LinkedNode.UntilAsync("both see each other", () => new[] { a, b }.All(n => n.Links.Observed.All(s => s.Liveness == Liveness.Alive)));
        // And meta is told where they are now, so that whoever was not there learns it, too.
        await LinkedNode.UntilAsync("the map has their new places", () => new[] { a, b }.All(n => n.Links.Node!.Map.Members.Select(m => m.Peer).SequenceEqual([a.Self.Peer, b.Self.Peer])));
    }

    [Fact]
    public async Task A_node_that_was_given_others_to_ask_and_no_number_never_begins_a_cluster_of_its_own()
    {
        var (port, away) = (SiloCluster.FreePort(), SiloCluster.FreePort());
        await using var late = await LinkedNode.ListenAsync("tmnd-0", port, [away, port], 1);
        var finding = late.FindAsync();
        await Task.Delay(1000);
        Assert.False(finding.IsCompleted);
        // They were only away.
        await using var first = await LinkedNode.ListenAsync("tmnd-1", away, [away], 1);
        first.Run(await first.FindAsync());
        Assert.Equal(first.Stored!.ClusterId, (await finding).ClusterId);
    }

    [Fact]
    public async Task A_cluster_begins_with_nodes_that_answer_and_not_with_those_that_somebody_has_heard_of()
    {
        int[] ports = [SiloCluster.FreePort(), SiloCluster.FreePort(), SiloCluster.FreePort()];
        await using var b = await LinkedNode.ListenAsync("tmnd-2", ports[1], [ports[0]], 3);
        var ofB = b.FindAsync();
        await using (var gone = await LinkedNode.ListenAsync("tmnd-3", ports[2], [ports[1]], 3))
        {
            var never = gone.FindAsync();
            await LinkedNode.UntilAsync("the one that goes is known", () => b.Links.Candidates.Any(c => c.NodeId == "tmnd-3"));
            _ = never.ContinueWith(static t => t.Exception, TaskScheduler.Default);
        }
        await using var a = await LinkedNode.ListenAsync("tmnd-1", ports[0], [ports[1]], 3);
        var ofA = a.FindAsync();
        await LinkedNode.UntilAsync("it is heard of", () => a.Links.Candidates.Count == 2);
        await Task.Delay(500);
        Assert.False(ofA.IsCompleted || ofB.IsCompleted);
        // Set up anew, it is one of those that answer.
        await using var c = await LinkedNode.ListenAsync("tmnd-3", ports[2], [ports[1]], 3);
        var found = await Task.WhenAll(ofA, ofB, c.FindAsync());
        Assert.All(found, g => Assert.Equal(c.Self.DirectoryId, g.Nodes[2].DirectoryId));
    }

    [Fact]
    public async Task A_member_that_was_removed_does_not_become_another_one_while_it_runs()
    {
        int[] ports = [SiloCluster.FreePort(), SiloCluster.FreePort()];
        await using var a = await LinkedNode.ListenAsync("tmnd-1", ports[0], [], 1);
        a.Run(await a.FindAsync());
        await LinkedNode.UntilAsync("meta has a leader", () => a.Links.Node!.Meta is not null);
        var removed = a.Options with { NodeId = "tmnd-2", DirectoryId = Guid.NewGuid() };
        using var connection = await DialledConnection.OpenAsync(removed, a.Options.AdvertiseAddress, null, default);
        var hello = new Hello
        {
            MinVersion = HelloJudge.MinVersion,
            MaxVersion = HelloJudge.MaxVersion,
            Self = a.Self with { NodeId = "tmnd-2", DirectoryId = removed.DirectoryId },
            ClusterId = a.Stored!.ClusterId,
            Number = 2,
        };
        Assert.Contains("has been removed", (await Assert.ThrowsAsync<HelloRefusedException>(() => connection.IntroduceAsync(hello, default))).Message);
        Assert.Single(a.Links.Node!.Map.Members);
        // A data directory is one node's.
        using var twin = await DialledConnection.OpenAsync(removed with { DirectoryId = a.Options.DirectoryId }, a.Options.AdvertiseAddress, null, default);
        Assert.Contains("is that of member 1", (await Assert.ThrowsAsync<HelloRefusedException>(() =>
            twin.IntroduceAsync(hello with { Self = hello.Self with { DirectoryId = a.Options.DirectoryId }, Number = null }, default))).Message);
    }

    [Fact]
    public async Task A_hello_that_the_other_end_has_not_said_is_not_believed()
    {
        var (key, output) = (new byte[32], new System.Buffers.ArrayBufferWriter<byte>());
        var hello = new Hello { MinVersion = 2, MaxVersion = 2, Self = new Candidate("tmnd-1", Guid.NewGuid(), "127.0.0.1:1", "", "") };
        Wire.WriteHello(output, hello, key, Side.Dialler);
        async Task<Hello> ReadAsync(byte[] bytes, byte[] with, Side side) => await Wire.ReadHelloAsync(System.IO.Pipelines.PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(bytes)), with, side, default);
        Assert.Equal(hello.Self, (await ReadAsync(output.WrittenSpan.ToArray(), key, Side.Dialler)).Self);
        var changed = output.WrittenSpan.ToArray();
        changed[^3] ^= 1;
        foreach (var (bytes, with, side) in ((byte[], byte[], Side)[])[(changed, key, Side.Dialler), (output.WrittenSpan.ToArray(), [.. key[1..], 1], Side.Dialler), (output.WrittenSpan.ToArray(), key, Side.Acceptor)])
            Assert.Contains("has not said", (await Assert.ThrowsAsync<FormatException>(() => ReadAsync(bytes, with, side))).Message);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused_and_both_sides_say_so()
    {
        using var ours = new TestAuthority();
        using var theirs = new TestAuthority();
        int[] ports = [SiloCluster.FreePort(), SiloCluster.FreePort()];
        await using var a = await LinkedNode.ListenAsync("tmnd-1", ports[0], [ports[1]], 1, ours.For("tmnd-1"));
        // It trusts our authority, but what it shows is signed by its own.
        await using var b = await LinkedNode.ListenAsync("tmnd-2", ports[1], [ports[0]], 1, theirs.For("tmnd-2", trusting: ours));
        var bootstrap = LinkedNode.BootstrapOf(a.Self, b.Self);
        await a.FindAsync(bootstrap);
        await b.FindAsync(bootstrap);
        a.Run(bootstrap);
        b.Run(bootstrap);
        await LinkedNode.UntilAsync("the listener says what is wrong", () => a.Logged.Any(l => l.Contains("not of this cluster's authority")));
        await LinkedNode.UntilAsync("the dialler says what is wrong", () => b.Logged.Any(l => l.Contains("Link to tmnd-1")));
        Assert.All(a.Links.Observed, s => Assert.Equal(Liveness.Dead, s.Liveness));
    }
}
