namespace TokMesh.Cluster;

/// <summary>
/// Runs a node's workers in production: one thread for each lane, one for the log, one for snapshots. A worker that fails stops
/// the node: going on without it could break a promise.
/// </summary>
public sealed class NodeThreads : IDisposable
{
    private readonly Node _node;
    private readonly Action<Exception> _failed;
    private readonly List<Thread> _threads = [];
    private readonly List<Signal> _signals = [];
    private volatile bool _stopping;

    /// <summary>Starts the threads.</summary>
    /// <param name="node">Whose workers to run.</param>
    /// <param name="failed">Told of the failure that stopped a worker.</param>
    public NodeThreads(Node node, Action<Exception> failed)
    {
        _node = node;
        _failed = failed;
        Start("log", node.LogWriter.Turn, wake => node.LogWriter.Wake = wake, static () => long.MaxValue);
        Start("snapshots", node.SnapshotWriter.Turn, wake => node.SnapshotWriter.Wake = wake, static () => long.MaxValue);
        foreach (var lane in node.Lanes) Start($"lane-{lane.Number}", lane.Turn, wake => lane.Wake = wake, () => lane.NextTurnMs);
    }

    /// <summary>Lets every worker finish its turn and ends the threads.</summary>
    public void Dispose()
    {
        _stopping = true;
        foreach (var signal in _signals) signal.Set();
        foreach (var thread in _threads)
            if (thread != Thread.CurrentThread) thread.Join();
    }

    private void Start(string name, Func<bool> turn, Action<Action> setWake, Func<long> nextTurnMs)
    {
        var signal = new Signal();
        _signals.Add(signal);
        setWake(signal.Set);
        var thread = new Thread(() => Run(turn, signal, nextTurnMs)) { Name = "tokmesh-" + name, IsBackground = true };
        _threads.Add(thread);
        thread.Start();
    }

    private void Run(Func<bool> turn, Signal signal, Func<long> nextTurnMs)
    {
        try
        {
            while (!_stopping)
            {
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

    /// <summary>An event that a worker waits for; setting it twice before the wait is once.</summary>
    private sealed class Signal
    {
        private readonly object _gate = new();
        private bool _set;

        public void Set()
        {
            lock (_gate)
            {
                if (_set) return;
                _set = true;
                Monitor.Pulse(_gate);
            }
        }

        public void Wait(int ms)
        {
            lock (_gate)
            {
                if (!_set && ms != 0) Monitor.Wait(_gate, ms);
                _set = false;
            }
        }
    }
}
