namespace TokMesh.State.Dedup;

/// <summary>
/// The origins a shard knows, the longest unseen first. One that has not been seen for ten minutes of entry time is
/// forgotten; by then no router retries.
/// </summary>
internal sealed class OriginTable
{
    /// <summary>How long an origin is remembered, ms of entry time.</summary>
    public const long MemoryMs = 600_000;

    private readonly Dictionary<ulong, Origin> _byId = [];
    private Origin? _newest;

    public int Count => _byId.Count;

    /// <summary>The longest unseen; go on with <see cref="Origin.Newer"/>.</summary>
    public Origin? Oldest { get; private set; }

    /// <summary>The origin, known from now on if it was not, and seen at <paramref name="time"/>.</summary>
    public Origin See(ulong id, long time)
    {
        if (_byId.TryGetValue(id, out var origin))
        {
            if (origin != _newest)
            {
                Unlink(origin);
                LinkNewest(origin);
            }
        }
        else
        {
            origin = new Origin(id);
            _byId.Add(id, origin);
            LinkNewest(origin);
        }
        origin.LastSeen = time;
        return origin;
    }

    public void ForgetUnseen(long time)
    {
        while (Oldest is { } origin && origin.LastSeen + MemoryMs <= time)
        {
            Unlink(origin);
            _byId.Remove(origin.Id);
        }
    }

    private void LinkNewest(Origin origin)
    {
        origin.Older = _newest;
        origin.Newer = null;
        if (_newest is null) Oldest = origin;
        else _newest.Newer = origin;
        _newest = origin;
    }

    private void Unlink(Origin origin)
    {
        if (origin.Older is null) Oldest = origin.Newer;
        else origin.Older.Newer = origin.Newer;
        if (origin.Newer is null) _newest = origin.Older;
        else origin.Newer.Older = origin.Older;
    }
}
