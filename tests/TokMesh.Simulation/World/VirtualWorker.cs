namespace TokMesh.Simulation.World;

/// <summary>
/// What a thread is to one worker of a node (<see cref="TokMesh.Cluster.Nodes.NodeThreads"/>), on virtual time: a turn comes a moment after
/// somebody wakes the worker, or when the worker said that one is due. Ends with the boot it belongs to.
/// </summary>
internal sealed class VirtualWorker
{
    private readonly VirtualNode _node;
    private readonly VirtualTime _time;
    private readonly Func<bool> _turn;
    private readonly Func<long>? _nextTurnMs;
    private readonly Func<long> _delayUs;
    private readonly Action _runTurn;
    private readonly Action _runTimer;
    private readonly int _boot;
    private bool _isPlanned;
    private long _timerMs = -1;

    public VirtualWorker(VirtualNode node, VirtualTime time, Func<bool> turn, Action<Action> setWake, Func<long>? nextTurnMs, Func<long> delayUs)
    {
        (_node, _time, _turn, _nextTurnMs, _delayUs, _boot) = (node, time, turn, nextTurnMs, delayUs, node.Boots);
        (_runTurn, _runTimer) = (RunTurn, RunTimer);
        setWake(Plan);
        PlanTimer();
    }

    /// <summary>The node's clock runs at another rate: a timer that was planned may come too late.</summary>
    public void PlanTimerAnew()
    {
        _timerMs = -1;
        PlanTimer();
    }

    private void Plan()
    {
        if (_isPlanned || _node.Boots != _boot) return;
        _isPlanned = true;
        _time.After(_delayUs(), _runTurn);
    }

    private void PlanTimer()
    {
        if (_nextTurnMs is null) return;
        var due = _nextTurnMs();
        if (due == _timerMs || due == long.MaxValue) return;
        _timerMs = due;
        _time.At(_node.Clock.TrueUsAt(due) + _delayUs(), _runTimer);
    }

    private void RunTimer()
    {
        if (_node.Boots != _boot) return;
        if (_node.IsPaused)
        {
            _node.WhenResumed(_runTimer);
            return;
        }
        // Planned for a turn that was due then; an earlier turn may have made it due later.
        if (_nextTurnMs!() > _node.Clock.MonotonicMs)
        {
            PlanTimer();
            return;
        }
        _timerMs = -1;
        if (!_isPlanned) Turn();
    }

    private void RunTurn()
    {
        if (_node.Boots != _boot) return;
        if (_node.IsPaused)
        {
            _node.WhenResumed(_runTurn);
            return;
        }
        _isPlanned = false;
        Turn();
    }

    private void Turn()
    {
        var more = _node.Guard(_turn);
        if (_node.Boots != _boot) return;
        if (more) Plan();
        PlanTimer();
    }
}
