using TokMesh.Cluster.Placement;
using TokMesh.Cluster.Starts;
using TokMesh.Simulation.World;
using TokMesh.State.Keys;

namespace TokMesh.Simulation;

/// <summary>Directories that are put back, emptied or copied, one at a time and undisturbed: who notices, how, and how soon.</summary>
public sealed class CopyTests
{
    private readonly VirtualWorld _world = new(nodes: 3, shards: 4, seed: 11);

    public CopyTests() => _world.Run(2000);

    private VirtualNode Node(int number) => _world.Nodes[number - 1];

    [Fact]
    public void A_copy_of_before_the_last_start_is_refused_by_everybody_and_the_right_directory_comes_back()
    {
        var old = Copy(Node(2));
        Restart(Node(2));
        Write(Node(1), "after");
        PutBack(Node(2), old);
        _world.Run(3000);
        Assert.Null(Node(2).Node);
        Assert.Contains("TM-CLST-4091", Node(2).Refusal!.Message);
        Assert.Contains(RefusalFile.FileName, Node(2).Directory.List());
        // A supervisor that starts it again gets nowhere, and the reason at once.
        Assert.False(Node(2).Start());
        Assert.Contains("TM-CLST-4091", Node(2).Refusal!.Message);
    }

    [Fact]
    public void A_copy_of_the_running_start_is_refused_by_how_far_its_log_was()
    {
        var old = Copy(Node(2));
        Write(Node(1), "after");
        var right = GoDown(Node(2));
        PutBack(Node(2), old);
        _world.Run(3000);
        Assert.Contains("TM-CLST-4092", Node(2).Refusal!.Message);

        right.PutInto(Node(2));
        _world.Observers.Forget(Node(2));
        Node(2).HasForgotten = false;
        Assert.True(Node(2).Start());
        _world.Run(3000);
        Assert.True(_world.Links.AreComplete);
        Write(Node(2), "back");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whoever_hears_an_acknowledgement_knows_how_far_the_log_is_that_it_rests_on(uint group)
    {
        var leader = _world.LeaderOf(group)!;
        var follower = _world.Nodes.First(n => n != leader);
        // The third is away: the leader counts on this one.
        var third = _world.Nodes.First(n => n != leader && n != follower);
        third.GoDown(Death.Killed);
        _world.Run(1000);
        var key = Enumerable.Range(0, 100).Select(n => $"k{n}").First(k => Sharding.OfKey(System.Text.Encoding.UTF8.GetBytes(k), 4).Group == group);
        var old = Copy(follower);
        Begin(leader, key);
        // At once: no heartbeat has told anything since.
        PutBack(follower, old);
        _world.Run(3000);
        Assert.Contains("TM-CLST-4092", follower.Refusal!.Message);
    }

    [Fact]
    public void What_peers_knew_before_they_were_started_again_they_still_know()
    {
        var old = Copy(Node(2));
        Restart(Node(2));
        Write(Node(1), "after");
        GoDown(Node(2));
        Node(3).GoDown(Death.Killed);
        Assert.True(Node(3).Start());
        _world.Run(2000);
        Node(1).GoDown(Death.PowerCut);
        // Node 3 alone, and only from its disk, knows of the start that the copy lacks.
        PutBack(Node(2), old);
        _world.Run(3000);
        Assert.Contains("TM-CLST-4091", Node(2).Refusal!.Message);
    }

    [Fact]
    public void A_log_that_is_emptied_or_older_than_its_directory_does_not_start()
    {
        var old = Copy(Node(2));
        Restart(Node(2));
        var right = GoDown(Node(2));
        Node(2).HasForgotten = true;
        Node(2).Disk.Replace(new Dictionary<string, byte[]>());
        Assert.False(Node(2).Start());
        Assert.IsType<LogForgottenException>(Node(2).Refusal);
        Node(2).Disk.Replace(old.Log);
        Assert.False(Node(2).Start());
        Assert.IsType<LogForgottenException>(Node(2).Refusal);
        right.PutInto(Node(2));
        Node(2).HasForgotten = false;
        Assert.True(Node(2).Start());
    }

    [Fact]
    public void The_second_of_two_that_run_with_one_identity_is_refused_by_everybody_and_ends()
    {
        var twin = new VirtualNode(_world, _world.Bootstrap.Nodes[1], 5, null) { IsCopy = true };
        Copy(Node(2)).PutInto(twin);
        _world.Twin = twin;
        Assert.True(twin.Start());
        // Whoever is started anew meanwhile is not deceived either.
        _world.Run(2000);
        Restart(Node(3));
        _world.Run(10_000);
        Assert.Null(twin.Node);
        Assert.Contains("TM-CLST-4093", twin.Refusal!.Message);
        Assert.NotNull(Node(2).Node);
        Write(Node(2), "still there");
    }

    [Fact]
    public void A_node_knows_when_it_starts_how_far_its_groups_were_committed()
    {
        Write(Node(1), "one");
        Write(Node(1), "two");
        // Nothing else is written for a while: the positions go to the disk by themselves.
        _world.Run(1500);
        var before = Commits();
        Node(2).GoDown(Death.PowerCut);
        Assert.True(Node(2).Start());
        Assert.Equal(before, Commits());
        Assert.Contains(before, commit => commit > 1);

        ulong[] Commits() => [.. Enumerable.Range(0, _world.GroupCount).Select(g => _world.ReplicaOf(Node(2), (uint)g)!.Raft.Log.Commit.Value)];
    }

    [Fact]
    public void A_node_that_is_started_at_once_after_it_was_killed_is_let_in_soon()
    {
        for (var i = 0; i < 5; i++)
        {
            Node(2).GoDown(Death.Killed);
            Assert.True(Node(2).Start());
            Assert.True(_world.RunUntil(() => _world.Links.AreComplete, 2_500), "After 2.5 s it is not linked.");
        }
    }

    private void Write(VirtualNode through, string key)
    {
        Begin(through, key);
        // Every node hears how far the others are.
        _world.Run(300);
    }

    private void Begin(VirtualNode through, string key)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(key);
        var write = through.Store!.WriteAsync(Sharding.OfKey(bytes, 4).Group, b => KeyOps.Set(b, bytes, "v"u8), through.MonotonicMs + 5000).AsTask();
        Assert.True(_world.RunUntil(() => write.IsCompleted, 6000, stepMs: 1));
        Assert.True(write.Result.IsOk, $"{write.Result.Outcome} {write.Result.Error}");
    }

    private void Restart(VirtualNode node)
    {
        node.GoDown(Death.Killed);
        Assert.True(node.Start());
        Assert.True(_world.RunUntil(() => _world.Links.AreComplete, 5000));
    }

    private static Faults.Image Copy(VirtualNode node) => Faults.Image.Of(node);

    private static Faults.Image GoDown(VirtualNode node)
    {
        node.GoDown(Death.Killed);
        return Faults.Image.Of(node);
    }

    private void PutBack(VirtualNode node, Faults.Image image)
    {
        if (node.Node is not null) node.GoDown(Death.Killed);
        image.PutInto(node);
        node.HasForgotten = true;
        _world.Observers.Forget(node);
        Assert.True(node.Start());
    }
}
