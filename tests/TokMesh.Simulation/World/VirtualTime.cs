namespace TokMesh.Simulation.World;

/// <summary>
/// Everything that happens in a simulated world, one thing at a time, in order of virtual time; things of the same moment happen
/// in the order they were planned. Microseconds.
/// </summary>
internal sealed class VirtualTime
{
    private readonly PriorityQueue<Action, (long At, long Order)> _planned = new();
    private long _order;

    public long NowUs { get; private set; }

    /// <summary>Digest of what happened when: equal for equal runs.</summary>
    public ulong Trace { get; private set; } = 14695981039346656037;

    public long Steps { get; private set; }

    public void After(long us, Action action) => _planned.Enqueue(action, (NowUs + Math.Max(0, us), _order++));

    public void Note(ulong what) => Trace = (Trace ^ what ^ (ulong)NowUs) * 1099511628211;

    public void RunUntil(long us)
    {
        while (_planned.TryPeek(out _, out var at) && at.At <= us)
        {
            var action = _planned.Dequeue();
            NowUs = at.At;
            Steps++;
            action();
        }
        NowUs = us;
    }
}
