namespace TokMesh.State.Dedup;

/// <summary>
/// The replies an origin may still ask for, in order of sequence number, in one byte array. Bounded: when the bytes exceed
/// the bound the oldest replies are dropped, and only that they were given stays known.
/// </summary>
internal sealed class ReplyWindow
{
    /// <summary>Most reply bytes kept per origin. The newest is kept whatever its size.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const int Dropped = -1;

    private Item[] _items = [];
    private int _head;
    private int _withBytes;
    private byte[] _bytes = [];
    private int _start;
    private int _end;

    public int Count { get; private set; }

    /// <summary>The reply number <paramref name="i"/> from the oldest.</summary>
    public void At(int i, out ulong seq, out bool dropped, out ReadOnlySpan<byte> reply)
    {
        var item = _items[(_head + i) & (_items.Length - 1)];
        seq = item.Seq;
        dropped = item.Length == Dropped;
        reply = dropped ? default : _bytes.AsSpan(item.Offset, item.Length);
    }

    public void Add(ulong seq, ReadOnlySpan<byte> reply)
    {
        while (_withBytes > 0 && _end - _start + reply.Length > MaxBytes) DropOldestBytes();
        MakeRoom(reply.Length);
        reply.CopyTo(_bytes.AsSpan(_end));
        Push(new Item(seq, _end, reply.Length));
        _end += reply.Length;
        _withBytes++;
    }

    /// <summary>Restores a reply that was dropped before a snapshot; older than all that have bytes.</summary>
    public void AddDropped(ulong seq) => Push(new Item(seq, 0, Dropped));

    /// <summary>False when nothing is known of the number.</summary>
    public bool TryFind(ulong seq, out bool dropped, out ReadOnlySpan<byte> reply)
    {
        int low = 0, high = Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            At(middle, out var at, out dropped, out reply);
            if (at == seq) return true;
            if (at < seq) low = middle + 1;
            else high = middle - 1;
        }
        dropped = false;
        reply = default;
        return false;
    }

    public void ForgetBelow(ulong floor)
    {
        while (Count > 0 && _items[_head].Seq < floor)
        {
            if (_items[_head].Length != Dropped) DropOldestBytes();
            _head = (_head + 1) & (_items.Length - 1);
            Count--;
        }
        if (Count > 0) return;
        _start = _end = 0;
        // A burst's memory is given back.
        if (_bytes.Length > 64 * 1024) _bytes = [];
        if (_items.Length > 4096)
        {
            _items = [];
            _head = 0;
        }
    }

    private void DropOldestBytes()
    {
        var at = (_head + Count - _withBytes) & (_items.Length - 1);
        _start += _items[at].Length;
        _items[at] = _items[at] with { Length = Dropped };
        if (--_withBytes == 0) _start = _end = 0;
    }

    private void Push(Item item)
    {
        if (Count == _items.Length)
        {
            var wider = new Item[Math.Max(16, Count * 2)];
            for (var i = 0; i < Count; i++) wider[i] = _items[(_head + i) & (_items.Length - 1)];
            _items = wider;
            _head = 0;
        }
        _items[(_head + Count) & (_items.Length - 1)] = item;
        Count++;
    }

    private void MakeRoom(int length)
    {
        if (length <= _bytes.Length - _end) return;
        var live = _end - _start;
        // Shifting pays when it frees at least half; else twice the need, so each byte moves a bounded number of times.
        var target = live + length <= _bytes.Length / 2 ? _bytes : new byte[Math.Max(256, 2 * (live + length))];
        Buffer.BlockCopy(_bytes, _start, target, 0, live);
        for (var i = Count - _withBytes; i < Count; i++)
        {
            ref var item = ref _items[(_head + i) & (_items.Length - 1)];
            item = item with { Offset = item.Offset - _start };
        }
        _bytes = target;
        _start = 0;
        _end = live;
    }

    private readonly record struct Item(ulong Seq, int Offset, int Length);
}
