namespace TokMesh.State.Tables;

/// <summary>
/// Hash to slot number, open addressing with linear probing and backward-shift deletion. Keys live with the slots; the
/// table holds 8 bytes per cell: the 32-bit hash and the slot. A cell's home is the low bits of its hash, so "the elements
/// of home bucket b" is the same set in every layout of the same size, which is what scan cursors rest on.
/// </summary>
internal sealed class SlotTable
{
    private const int MinCells = 16;

    private ulong[] _cells = new ulong[MinCells];

    public int Count { get; private set; }

    /// <summary>Number of buckets minus one; a power of two minus one.</summary>
    public uint Mask => (uint)_cells.Length - 1;

    /// <summary>Where a probe for <see cref="Next"/> begins.</summary>
    public int Start(uint hash) => (int)(hash & Mask);

    /// <summary>The next slot whose hash is <paramref name="hash"/>; -1 when there is none. The caller compares keys.</summary>
    public int Next(uint hash, ref int probe)
    {
        var cells = _cells;
        while (true)
        {
            var cell = cells[probe];
            if (cell == 0) return -1;
            probe = (probe + 1) & (cells.Length - 1);
            if ((uint)(cell >> 32) == hash) return (int)(uint)cell - 1;
        }
    }

    public void Add(uint hash, int slot)
    {
        if ((Count + 1) * 4L > _cells.Length * 3L) Resize(_cells.Length * 2);
        Place(Cell(hash, slot));
        Count++;
    }

    public void Remove(uint hash, int slot)
    {
        var hole = PositionOf(hash, slot);
        var mask = _cells.Length - 1;
        // Cells after the hole move back unless that would put them before their home.
        for (var at = (hole + 1) & mask; _cells[at] != 0; at = (at + 1) & mask)
        {
            var home = (int)(uint)(_cells[at] >> 32) & mask;
            if (((at - home) & mask) >= ((at - hole) & mask))
            {
                _cells[hole] = _cells[at];
                hole = at;
            }
        }
        _cells[hole] = 0;
        Count--;
        if (_cells.Length > MinCells && Count * 8L < _cells.Length) Resize(_cells.Length / 2);
    }

    /// <summary>Lets the entry of one slot point to another of the same hash.</summary>
    public void Replace(uint hash, int slot, int by) => _cells[PositionOf(hash, slot)] = Cell(hash, by);

    /// <summary>
    /// The next slot of a home bucket; start with <paramref name="probe"/> = <paramref name="bucket"/>; -1 at the end. All
    /// elements of a bucket lie between their home and the next empty cell.
    /// </summary>
    public int NextInBucket(uint bucket, ref int probe)
    {
        while (true)
        {
            var cell = _cells[probe];
            if (cell == 0) return -1;
            probe = (probe + 1) & (_cells.Length - 1);
            if (((uint)(cell >> 32) & Mask) == bucket) return (int)(uint)cell - 1;
        }
    }

    private static ulong Cell(uint hash, int slot) => ((ulong)hash << 32) | (uint)(slot + 1);

    private int PositionOf(uint hash, int slot)
    {
        var cell = Cell(hash, slot);
        var at = (int)(hash & Mask);
        while (_cells[at] != cell)
        {
            if (_cells[at] == 0) throw new InvalidOperationException("The slot is not in the table.");
            at = (at + 1) & (_cells.Length - 1);
        }
        return at;
    }

    private void Place(ulong cell)
    {
        var at = (int)((uint)(cell >> 32) & Mask);
        while (_cells[at] != 0) at = (at + 1) & (_cells.Length - 1);
        _cells[at] = cell;
    }

    private void Resize(int size)
    {
        var old = _cells;
        _cells = new ulong[size];
        foreach (var cell in old)
        {
            if (cell != 0) Place(cell);
        }
    }
}
