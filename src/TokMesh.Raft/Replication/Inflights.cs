using TokMesh.Raft.Log;

namespace TokMesh.Raft.Replication;

/// <summary>The append messages under way to one follower, oldest first, bounded by count and by payload bytes.</summary>
internal sealed class Inflights(int maxCount, long maxBytes)
{
    private (LogIndex Last, long Bytes)[] _ring = [];
    private int _start;

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    public bool IsFull => Count >= maxCount || (Count > 0 && Bytes >= maxBytes);

    public void Add(LogIndex last, long bytes)
    {
        if (Count == _ring.Length)
        {
            var grown = new (LogIndex, long)[Math.Max(4, _ring.Length * 2)];
            for (var i = 0; i < Count; i++) grown[i] = _ring[(_start + i) % _ring.Length];
            _ring = grown;
            _start = 0;
        }
        _ring[(_start + Count++) % _ring.Length] = (last, bytes);
        Bytes += bytes;
    }

    /// <summary>Frees every message whose last entry is at or before <paramref name="index"/>.</summary>
    public void FreeTo(LogIndex index)
    {
        while (Count > 0 && _ring[_start].Last <= index)
        {
            Bytes -= _ring[_start].Bytes;
            _start = (_start + 1) % _ring.Length;
            Count--;
        }
    }

    public void Clear()
    {
        _start = Count = 0;
        Bytes = 0;
    }
}
