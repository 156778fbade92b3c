using System.Threading.Tasks.Sources;

namespace TokMesh.Orleans.Links;

/// <summary>
/// Wakes one waiter, which goes on inside <see cref="Wake"/>; called before the wait, it lets the next wait through. Costs no
/// allocation per wait.
/// </summary>
internal sealed class WakeSignal : IValueTaskSource
{
    private readonly Lock _lock = new();
    private ManualResetValueTaskSourceCore<bool> _waiter;
    private bool _called;
    private bool _waiting;

    public void Wake()
    {
        lock (_lock)
        {
            if (!_waiting)
            {
                _called = true;
                return;
            }
            _waiting = false;
        }
        _waiter.SetResult(true);
    }

    public ValueTask WaitAsync()
    {
        lock (_lock)
        {
            if (_called)
            {
                _called = false;
                return ValueTask.CompletedTask;
            }
            _waiting = true;
            _waiter.Reset();
            return new ValueTask(this, _waiter.Version);
        }
    }

    void IValueTaskSource.GetResult(short token) => _waiter.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _waiter.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _waiter.OnCompleted(continuation, state, token, flags);
}
