namespace TokMesh.Cluster;

/// <summary>What waits for one worker: filled by anybody, emptied by its owner in one go. Wakes the owner when it was empty.</summary>
internal sealed class Inbox<T>
{
    private readonly Lock _lock = new();
    private List<T> _filling = [];
    private List<T> _taken = [];

    /// <summary>Called, by whoever fills, when the inbox stops being empty.</summary>
    public Action Wake { get; set; } = static () => { };

    public bool IsEmpty => Volatile.Read(ref _filling).Count == 0;

    public void Add(T item)
    {
        bool first;
        lock (_lock)
        {
            first = _filling.Count == 0;
            _filling.Add(item);
        }
        if (first) Wake();
    }

    /// <summary>Adds unless that many wait already.</summary>
    public bool TryAdd(T item, int limit)
    {
        bool first;
        lock (_lock)
        {
            if (_filling.Count >= limit) return false;
            first = _filling.Count == 0;
            _filling.Add(item);
        }
        if (first) Wake();
        return true;
    }

    /// <summary>Everything that waits, in order; valid until the next call.</summary>
    public List<T> Take()
    {
        _taken.Clear();
        lock (_lock)
        {
            if (_filling.Count > 0) (_filling, _taken) = (_taken, _filling);
        }
        return _taken;
    }
}
