namespace TokMesh.State.Tables;

/// <summary>What an <see cref="ExpiryHeap"/> asks about its slots.</summary>
internal interface IExpiryOrder
{
    /// <summary>When the slot expires, Unix ms.</summary>
    long ExpiryOf(int slot);

    /// <summary>Orders two slots by what they hold, never by number: replicas number slots differently.</summary>
    int CompareIdentity(int a, int b);
}

/// <summary>
/// The expiring slots, soonest first, ties by identity: a total order of the content, so a sweep with a limit removes the
/// same elements on every replica. A later expiry leaves the element where it is and is noticed when it comes to the top;
/// the stored time is thus a lower bound of the true one. A sooner expiry moves at once.
/// </summary>
internal sealed class ExpiryHeap(IExpiryOrder order)
{
    private long[] _times = [];
    private int[] _slots = [];

    /// <summary>Per slot, its position plus one; 0 when it is not in the heap.</summary>
    private int[] _positions = [];

    public int Count { get; private set; }

    /// <summary>Enters a slot or takes note of its new expiry; 0 takes it out.</summary>
    public void Set(int slot, long expiry)
    {
        if (expiry == 0)
        {
            Remove(slot);
            return;
        }
        if (slot >= _positions.Length) Array.Resize(ref _positions, Math.Max(slot + 1, SlotPool.Grow(_positions.Length)));
        var at = _positions[slot] - 1;
        if (at < 0)
        {
            if (Count == _slots.Length)
            {
                var size = SlotPool.Grow(Count);
                Array.Resize(ref _slots, size);
                Array.Resize(ref _times, size);
            }
            at = Count++;
        }
        else if (expiry >= _times[at])
        {
            return;
        }
        Put(at, slot, expiry);
        SiftUp(at);
    }

    public void Remove(int slot)
    {
        var at = slot < _positions.Length ? _positions[slot] - 1 : -1;
        if (at < 0) return;
        _positions[slot] = 0;
        var last = --Count;
        if (at != last)
        {
            Put(at, _slots[last], _times[last]);
            SiftDown(at);
            SiftUp(at);
        }
        if (Count == 0 && _slots.Length > 1024)
        {
            _slots = [];
            _times = [];
            _positions = [];
        }
    }

    /// <summary>The slot that expires first and when; -1 when none does.</summary>
    public int Peek(out long expiry)
    {
        while (Count > 0)
        {
            var slot = _slots[0];
            expiry = order.ExpiryOf(slot);
            if (expiry == _times[0]) return slot;
            _times[0] = expiry;
            SiftDown(0);
        }
        expiry = 0;
        return -1;
    }

    /// <summary>How many have expired by <paramref name="now"/>; costs by their number, not by the heap's.</summary>
    public int CountExpired(long now) => CountExpired(0, now);

    private int CountExpired(int at, long now)
    {
        if (at >= Count || _times[at] > now) return 0;
        return (order.ExpiryOf(_slots[at]) <= now ? 1 : 0) + CountExpired((2 * at) + 1, now) + CountExpired((2 * at) + 2, now);
    }

    private void Put(int at, int slot, long time)
    {
        _slots[at] = slot;
        _times[at] = time;
        _positions[slot] = at + 1;
    }

    private bool Before(long timeA, int slotA, long timeB, int slotB)
        => timeA != timeB ? timeA < timeB : order.CompareIdentity(slotA, slotB) < 0;

    private void SiftUp(int at)
    {
        var slot = _slots[at];
        var time = _times[at];
        while (at > 0)
        {
            var parent = (at - 1) / 2;
            if (!Before(time, slot, _times[parent], _slots[parent])) break;
            Put(at, _slots[parent], _times[parent]);
            at = parent;
        }
        Put(at, slot, time);
    }

    private void SiftDown(int at)
    {
        var slot = _slots[at];
        var time = _times[at];
        while (true)
        {
            var child = (2 * at) + 1;
            if (child >= Count) break;
            if (child + 1 < Count && Before(_times[child + 1], _slots[child + 1], _times[child], _slots[child])) child++;
            if (!Before(_times[child], _slots[child], time, slot)) break;
            Put(at, _slots[child], _times[child]);
            at = child;
        }
        Put(at, slot, time);
    }
}
