namespace TokMesh.Cluster.Lanes;

/// <summary>What waits for one worker: filled by anybody, emptied by its owner in one go. Wakes the owner once until it looks.</summary>
internal sealed class Inbox<T>
{
    private readonly Lock _lock = new();
    private List<T> _filling = [];
    private List<T> _taken = [];
    private int _woken;
    private int _ownerComes;

    /// <summary>Called by the thread that adds something, when the owner must look.</summary>
    public Action Wake { get; set; } = static () => { };

    public bool IsEmpty => Volatile.Read(ref _filling).Count == 0;

    public void Add(T item)
    {
        lock (_lock) _filling.Add(item);
        WakeOwner();
    }

    /// <summary>Adds unless that many wait already.</summary>
    /// <param name="item">What to add.</param>
    /// <param name="limit">How many may wait.</param>
    /// <param name="mayWait">Whether it is early enough to look at it when the owner comes anyway, if it is to come soon.</param>
    public bool TryAdd(T item, int limit, bool mayWait)
    {
        lock (_lock)
        {
            if (_filling.Count >= limit) return false;
            _filling.Add(item);
        }
        // The owner says that it does not come, then looks whether something is here: either it sees the item or this sees that.
        Interlocked.MemoryBarrier();
        if (!mayWait || Volatile.Read(ref _ownerComes) == 0) WakeOwner();
        return true;
    }

    /// <summary>
    /// The owner says, before it rests, whether something else is certain to call it soon. It must look whether the inbox is empty
    /// after that: what was added in between woke nobody.
    /// </summary>
    public void OwnerComes(bool soon) => Interlocked.Exchange(ref _ownerComes, soon ? 1 : 0);

    /// <summary>Everything that waits, in order; valid until the next call.</summary>
    public List<T> Take()
    {
        _taken.Clear();
        Volatile.Write(ref _woken, 0);
        lock (_lock)
        {
            if (_filling.Count > 0) (_filling, _taken) = (_taken, _filling);
        }
        return _taken;
    }

    private void WakeOwner()
    {
        if (Interlocked.Exchange(ref _woken, 1) == 0) Wake();
    }
}
