using TokMesh.Cluster.Calls;
using TokMesh.Simulation.Observing;
using TokMesh.Simulation.World;

namespace TokMesh.Simulation.Clients;

/// <summary>What every client needs: to ask a node and hear the end of it, to rest, and to count.</summary>
internal sealed class Conversation(VirtualWorld world, int number)
{
    public const int DeadlineMs = 3000;
    private const int GraceMs = 1000;
    private long _calls;

    public int Number => number;

    public Random Random { get; } = new(number * 7919 + world.Random.Next());

    public bool Stopped { get; set; }

    /// <summary>Whether the client is to disturb nobody any more.</summary>
    public bool IsCalm { get; set; }

    /// <summary>Calls that ended with an answer, without one, and without having happened.</summary>
    public int Answered { get; private set; }

    public int Unknown { get; private set; }

    public int Failed { get; private set; }

    /// <summary>Some node that runs; null while none does.</summary>
    public VirtualNode? AnyNode()
    {
        var node = world.Nodes[Random.Next(world.Nodes.Count)];
        return node.Node is null ? null : node;
    }

    public static long DeadlineOf(VirtualNode node) => node.MonotonicMs + DeadlineMs;

    /// <summary>The answer, or null of a node that went down meanwhile. On a node that runs, every call ends soon after its deadline.</summary>
    public async Task<T?> Ask<T>(VirtualNode node, Func<ValueTask<T>> call)
        where T : struct
    {
        var boot = node.Boots;
        var answer = call().AsTask();
        if (!answer.IsCompleted)
        {
            var ended = new TaskCompletionSource();
            _ = Forward(answer, ended);
            Action down = () => ended.TrySetResult();
            node.WhenDown(down);
            Watch(node, boot, ended);
            await ended.Task;
            node.NoLongerWhenDown(down);
        }
        if (!answer.IsCompleted) return null;
        world.Time.Note((uint)number);
        return await answer;
    }

    public Task Rest(long fromUs, long toUs)
    {
        var over = new TaskCompletionSource();
        world.Time.After(Random.NextInt64(fromUs, toUs), over.SetResult);
        return over.Task;
    }

    /// <summary>Tells a trace of a call; the number goes with its answer.</summary>
    public long Calls(VirtualNode node, string kind, string register, string? value)
    {
        var call = ((long)number << 32) + ++_calls;
        world.Observers.Trace?.Called(number, call, node.Id, kind, register, value);
        return call;
    }

    /// <summary>Counts how a call ended and tells a trace.</summary>
    public void Heard(long call, string register, CallOutcome? outcome, string? value)
    {
        if (outcome == CallOutcome.Answered) Answered++;
        else if (outcome == CallOutcome.Failed) Failed++;
        else Unknown++;
        world.Observers.Trace?.Answered(number, call, register, outcome switch
        {
            CallOutcome.Answered => "answered",
            CallOutcome.Failed => "failed",
            _ => "unknown",
        }, value);
    }

    private void Watch(VirtualNode node, int boot, TaskCompletionSource ended)
    {
        var pauses = node.IsPaused ? -1 : node.Pauses;
        world.Time.After((DeadlineMs + GraceMs) * 1000L, () =>
        {
            if (ended.Task.IsCompleted || node.Boots != boot) return;
            // While it was paused it could not notice that the time was over.
            if (!node.IsPaused && node.Pauses == pauses) throw new SimulationFailure($"A call of client {number} outlived its deadline on node {node.Id}, which is up.");
            Watch(node, boot, ended);
        });
    }

    private static async Task Forward(Task answer, TaskCompletionSource ended)
    {
        try
        {
            await answer;
        }
        finally
        {
            ended.TrySetResult();
        }
    }
}
