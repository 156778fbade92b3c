using TokMesh.Cluster.Calls;

namespace TokMesh.Cluster.Routing;

/// <summary>
/// The writes of this node's callers to one group, in the order they were asked for, each with its number. A number is never
/// reused: the group remembers the last one applied per router, so a repeated write takes effect once, and never after a later one.
/// </summary>
internal sealed class WriteQueue
{
    private Call[] _ring = new Call[16];
    private int _start;

    public int Count { get; private set; }

    /// <summary>Number of the oldest write that is still awaited; the next number to be given when none is.</summary>
    public ulong Floor { get; private set; } = 1;

    public long Bytes { get; private set; }

    public Call this[int position] => _ring[(_start + position) & (_ring.Length - 1)];

    public ulong NumberAt(int position) => Floor + (ulong)position;

    public void Add(Call call)
    {
        if (Count == _ring.Length)
        {
            var grown = new Call[_ring.Length * 2];
            for (var i = 0; i < Count; i++) grown[i] = this[i];
            (_ring, _start) = (grown, 0);
        }
        _ring[(_start + Count++) & (_ring.Length - 1)] = call;
        Bytes += call.Body.Length;
    }

    public Call? Find(ulong number) => number < Floor || number >= Floor + (ulong)Count ? null : this[(int)(number - Floor)];

    /// <summary>Drops what is done at the front; tells how many.</summary>
    public int Trim()
    {
        var dropped = 0;
        while (Count > 0 && _ring[_start].IsDone)
        {
            Bytes -= _ring[_start].Body.Length;
            _ring[_start] = null!;
            _start = (_start + 1) & (_ring.Length - 1);
            Count--;
            Floor++;
            dropped++;
        }
        return dropped;
    }
}
