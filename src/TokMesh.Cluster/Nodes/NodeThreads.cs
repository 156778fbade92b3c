namespace TokMesh.Cluster.Nodes;

/// <summary>
/// Runs a node's workers in production: one thread for each lane, one for the log, one for snapshots. A worker that fails stops
/// the node: going on without it could break a promise.
/// </summary>
public sealed class NodeThreads : IDisposable
{
    private const int MostWaitMs = 5_000;

    private readonly Node _node;
    private readonly Action<Exception> _failed;
    private readonly List<Thread> _threads = [];
    private readonly List<WorkerSignal> _signals = [];
    private volatile bool _stopping;

    /// <summary>Starts the threads.</summary>
    /// <param name="node">Whose workers to run.</param>
    /// <param name="failed">Told of the failure that stopped a worker.</param>
    public NodeThreads(Node node, Action<Exception> failed)
    {
        _node = node;
        _failed = failed;
        Start("log", node.LogWriter.Turn, wake => node.LogWriter.Wake = wake, static () => long.MaxValue);
        Start("snapshots", node.SnapshotWorker.Turn, wake => node.SnapshotWorker.Wake = wake, static () => long.MaxValue);
        foreach (var lane in node.Lanes) Start($"lane-{lane.Number}", lane.Turn, wake => lane.Wake = wake, () => lane.NextTurnMs);
    }

    /// <summary>Whether all of them have ended; one whose disk hangs may not, and still uses what it was given.</summary>
    public bool HaveEnded { get; private set; }

    /// <summary>Lets every worker finish its turn and ends the threads; waits no longer than a few seconds for one whose disk hangs.</summary>
    public void Dispose()
    {
        _stopping = true;
        foreach (var signal in _signals) signal.Set();
        HaveEnded = true;
        foreach (var thread in _threads)
            if (thread != Thread.CurrentThread && !thread.Join(MostWaitMs)) HaveEnded = false;
        if (!HaveEnded) return;
        foreach (var signal in _signals) signal.Dispose();
    }

    private void Start(string name, Func<bool> turn, Action<Action> setWake, Func<long> nextTurnMs)
    {
        var signal = new WorkerSignal();
        _signals.Add(signal);
        setWake(signal.Set);
        var thread = new Thread(() => Run(turn, signal, nextTurnMs)) { Name = "tokmesh-" + name, IsBackground = true };
        _threads.Add(thread);
        thread.Start();
    }

    private void Run(Func<bool> turn, WorkerSignal signal, Func<long> nextTurnMs)
    {
        try
        {
            while (!_stopping)
            {
                // On a busy machine those who have something for this worker go first, and it finds more to do in one turn. Costs
                // nothing where a core is free.
                Thread.Yield();
                if (turn()) continue;
                var due = nextTurnMs();
                signal.Wait(due == long.MaxValue ? Timeout.Infinite : (int)Math.Clamp(due - _node.NowMs, 0, 1000));
            }
        }
        catch (Exception e)
        {
            _failed(e);
        }
    }
}
