namespace TokMesh.Cluster.Nodes;

/// <summary>
/// An event that one worker waits for; setting it twice before the wait is once. Only a worker that sleeps costs its waker
/// more than one atomic operation.
/// </summary>
internal sealed class WorkerSignal : IDisposable
{
    private const int Awake = 0;
    private const int Asleep = 1;
    private const int Called = 2;

    private readonly AutoResetEvent _event = new(false);
    private int _state;

    /// <summary>For when the worker has ended: nobody touches the event of a worker that does not sleep.</summary>
    public void Dispose() => _event.Dispose();

    /// <summary>Calls the worker: the wait it is in, or its next one, ends.</summary>
    public void Set()
    {
        if (Volatile.Read(ref _state) == Called) return;
        if (Interlocked.Exchange(ref _state, Called) == Asleep) _event.Set();
    }

    /// <summary>Waits to be called; by the worker alone.</summary>
    /// <param name="ms">Most milliseconds; <see cref="Timeout.Infinite"/> for any number.</param>
    public void Wait(int ms)
    {
        if (ms != 0 && Interlocked.CompareExchange(ref _state, Asleep, Awake) == Awake && !_event.WaitOne(ms)
            && Interlocked.CompareExchange(ref _state, Awake, Asleep) != Asleep)
        {
            // Called just when the time was over: the event is set, or about to be, and must not wake the next wait.
            _event.WaitOne();
        }
        Volatile.Write(ref _state, Awake);
    }
}
