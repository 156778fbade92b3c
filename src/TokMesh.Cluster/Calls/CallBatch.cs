using System.Threading.Tasks.Sources;

namespace TokMesh.Cluster.Calls;

/// <summary>
/// Awaits several calls with one wake-up: a pipelined batch costs one continuation, not one per command. For one use.
/// </summary>
public sealed class CallBatch : ICallOwner, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _done;
    private int _open;

    /// <summary>For a number of calls.</summary>
    /// <param name="calls">How many calls name this as their owner; at least one.</param>
    /// <param name="continueInline">Whether the waiting code runs inside the lane that completes the last call: for simulation only.</param>
    public CallBatch(int calls, bool continueInline = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(calls, 1);
        _open = calls;
        _done.RunContinuationsAsynchronously = !continueInline;
    }

    /// <summary>Completes when every call has.</summary>
    public ValueTask Completion => new(this, _done.Version);

    /// <inheritdoc/>
    public void Completed(Call call)
    {
        if (Interlocked.Decrement(ref _open) == 0) _done.SetResult(true);
    }

    void IValueTaskSource.GetResult(short token) => _done.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _done.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _done.OnCompleted(continuation, state, token, flags);
}
