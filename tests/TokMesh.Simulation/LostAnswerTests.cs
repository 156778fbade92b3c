using TokMesh.Cluster.Calls;
using TokMesh.Simulation.World;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Simulation;

/// <summary>Answers that were lost with a link: whoever asked asks again as soon as that is up once more, not when its patience ends.</summary>
public sealed class LostAnswerTests
{
    // Two beats and some: a node that has not answered is taken for lost only after 1.5 s.
    private const int SoonMs = 300;

    private readonly VirtualWorld _world = new(nodes: 3, shards: 8, seed: 5);

    public LostAnswerTests() => _world.Run(3000);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_whose_answer_was_lost_with_the_leaders_link_is_answered_when_that_is_up_again(bool write)
    {
        var leader = _world.LeaderOf(1)!;
        var asking = _world.Nodes.First(n => n != leader);
        var first = asking.Store!.WriteAsync(1, b => KeyOps.Append(b, "k"u8, "1"u8), asking.MonotonicMs + 5000).AsTask();
        Assert.True(_world.RunUntil(() => first.IsCompleted, 1000));

        // The leader hears the call, and what it says to that goes nowhere.
        _world.Network.Cut(leader.Id, asking.Id);
        leader.Node!.LinkChanged(asking.Id, false);
        var call = write
            ? asking.Store.WriteAsync(1, b => KeyOps.Append(b, "k"u8, "2"u8), asking.MonotonicMs + 5000).AsTask()
            : asking.Store.ReadAsync(1, static b => QueryForms.Get(b, "k"u8), Consistency.Linearizable, asking.MonotonicMs + 5000).AsTask();
        _world.Run(50);
        Assert.False(call.IsCompleted);

        _world.Network.Heal(leader.Id, asking.Id);
        leader.Node.LinkChanged(asking.Id, true);
        Assert.True(_world.RunUntil(() => call.IsCompleted, SoonMs));
        Assert.True((await call).IsOk);
        Assert.Same(leader, _world.LeaderOf(1));
        // Asked twice, done once.
        var value = asking.Store.ReadAsync(1, static b => QueryForms.Get(b, "k"u8), Consistency.Linearizable, asking.MonotonicMs + 5000).AsTask();
        Assert.True(_world.RunUntil(() => value.IsCompleted, 1000));
        Assert.Equal(write ? "12"u8.ToArray() : "1"u8.ToArray(), new ReplyReader((await value).Body.Span).Bulk().ToArray());
    }
}
