using System.Collections.Concurrent;

namespace TokMesh.Redis.Stages;

/// <summary>
/// Lets stages whose calls have ended go on, many in one work item of the thread pool: a lane answers the calls of many
/// connections in one turn, and waking a pool thread for each would cost more than writing their replies.
/// </summary>
internal sealed class WakeQueue : IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<Stage> _ready = new();
    private int _running;

    /// <summary>Called by a lane: the stage goes on soon, on a pool thread.</summary>
    public void Post(Stage stage)
    {
        _ready.Enqueue(stage);
        if (Interlocked.CompareExchange(ref _running, 1, 0) == 0) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        while (true)
        {
            while (_ready.TryDequeue(out var stage)) stage.GoOn();
            Volatile.Write(ref _running, 0);
            // The flag must be seen down before the queue is looked at, or a stage posted in between would sleep on.
            Interlocked.MemoryBarrier();
            if (_ready.IsEmpty || Interlocked.CompareExchange(ref _running, 1, 0) != 0) return;
        }
    }
}
