namespace TokMesh.State.Tables;

/// <summary>Records by slot number; freed slots are given again. Slot numbers differ between replicas and mean nothing.</summary>
internal sealed class SlotPool
{
    private byte[]?[] _records = [];
    private int[] _free = [];
    private int _freeCount;

    /// <summary>Slots ever given: every used slot is below.</summary>
    public int End { get; private set; }

    public int Count => End - _freeCount;

    public byte[] this[int slot]
    {
        get => _records[slot]!;
        set => _records[slot] = value;
    }

    public bool IsUsed(int slot) => _records[slot] is not null;

    public int Add(byte[] record)
    {
        int slot;
        if (_freeCount > 0)
        {
            slot = _free[--_freeCount];
        }
        else
        {
            if (End == _records.Length) Array.Resize(ref _records, Grow(End));
            slot = End++;
        }
        _records[slot] = record;
        return slot;
    }

    public void Remove(int slot)
    {
        _records[slot] = null;
        if (_freeCount == _free.Length) Array.Resize(ref _free, Grow(_freeCount));
        _free[_freeCount++] = slot;
        if (_freeCount == End)
        {
            // Empty again: what a burst took is given back.
            _records = [];
            _free = [];
            _freeCount = End = 0;
        }
    }

    /// <summary>Half as much again: at rest at most a third is slack.</summary>
    public static int Grow(int size) => Math.Max(16, size + (size >> 1));
}
