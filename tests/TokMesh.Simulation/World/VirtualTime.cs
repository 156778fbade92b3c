namespace TokMesh.Simulation.World;

/// <summary>
/// Everything that happens in a simulated world, one thing at a time, in order of virtual time; things of the same moment happen
/// in the order they were planned. Microseconds.
/// </summary>
internal sealed class VirtualTime
{
    private const int Fan = 4;

    // A heap of structs with delegates that their owners keep: an event costs no allocation.
    private Planned[] _heap = new Planned[256];
    private int _count;
    private long _order;

    public long NowUs { get; private set; }

    /// <summary>Digest of what happened when: equal for equal runs.</summary>
    public ulong Digest { get; private set; } = 14695981039346656037;

    public long Steps { get; private set; }

    public void After(long us, Action action) => At(NowUs + us, action);

    public void At(long us, Action action)
    {
        if (_count == _heap.Length) Array.Resize(ref _heap, _count * 2);
        var planned = new Planned(Math.Max(us, NowUs), _order++, action);
        var i = _count++;
        while (i > 0)
        {
            var parent = (i - 1) / Fan;
            if (!planned.IsBefore(_heap[parent])) break;
            _heap[i] = _heap[parent];
            i = parent;
        }
        _heap[i] = planned;
    }

    public void Note(ulong what)
    {
        var mixed = (Digest ^ what ^ ((ulong)NowUs << 20)) * 0x9E3779B97F4A7C15;
        Digest = mixed ^ (mixed >> 29);
    }

    /// <summary>Bytes that were sent or stored are part of what happened.</summary>
    public void Note(ulong what, ReadOnlySpan<byte> bytes) => Note(what ^ Hash.Of(bytes));

    public void RunUntil(long us)
    {
        // Who awaits an answer goes on inside the event that brings it: under a test framework's context it would be sent to whatever thread
        // is free, and a run would depend on when that is.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            while (_count > 0 && _heap[0].At <= us)
            {
                var next = _heap[0];
                RemoveFirst();
                NowUs = next.At;
                Steps++;
                next.Action();
            }
            NowUs = us;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private void RemoveFirst()
    {
        var last = _heap[--_count];
        _heap[_count] = default;
        if (_count == 0) return;
        var i = 0;
        while (true)
        {
            var child = i * Fan + 1;
            if (child >= _count) break;
            var least = child;
            for (var c = child + 1; c < Math.Min(child + Fan, _count); c++)
                if (_heap[c].IsBefore(_heap[least])) least = c;
            if (!_heap[least].IsBefore(last)) break;
            _heap[i] = _heap[least];
            i = least;
        }
        _heap[i] = last;
    }

    private readonly record struct Planned(long At, long Order, Action Action)
    {
        public bool IsBefore(in Planned other) => At < other.At || (At == other.At && Order < other.Order);
    }
}
