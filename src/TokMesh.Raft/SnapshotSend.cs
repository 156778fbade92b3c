namespace TokMesh.Raft;

/// <summary>
/// One snapshot on its way to one follower: chunks within a window, each acknowledged by the next position wanted. The first
/// chunk is the membership, so that a snapshot can never be installed without it.
/// </summary>
internal sealed class SnapshotSend(SnapshotMeta meta, ReadOnlyMemory<byte> data, int chunkBytes, int window)
{
    private readonly byte[] _head = meta.Configuration.Encode();
    private long _sent;
    private long _acknowledged;

    public SnapshotMeta Meta { get; } = meta;

    public long Total => _head.Length + data.Length;

    /// <summary>Names this very content: checksum of the data, and its position. Pieces of two snapshots can never be mixed.</summary>
    public ulong Context { get; } = SnapshotReceive.Identify(data.Span, meta.Index);

    /// <summary>When something last moved, in the leader's milliseconds.</summary>
    public long MovedAt { get; private set; }

    public bool CanSend => _sent < Total && _sent - _acknowledged < (long)chunkBytes * window;

    public ReadOnlySpan<byte> NextChunk(out long offset)
    {
        offset = _sent;
        var chunk = _sent < _head.Length
            ? _head.AsSpan((int)_sent)
            : data.Span.Slice((int)(_sent - _head.Length), (int)Math.Min(chunkBytes, Total - _sent));
        _sent += chunk.Length;
        return chunk;
    }

    public void Acknowledged(long next, bool restart, long now, int pauseMs)
    {
        if (restart)
        {
            // The follower lost its place: a chunk was lost, it crashed, or another snapshot came in between. Each chunk of the
            // window says so again; one restart is enough for all of them.
            if (next == _acknowledged && now - MovedAt < pauseMs) return;
            _sent = _acknowledged = Math.Clamp(next, 0, Total);
            MovedAt = now;
        }
        else if (next > _acknowledged && next <= Total)
        {
            _acknowledged = next;
            _sent = Math.Max(_sent, next);
            MovedAt = now;
        }
    }

    /// <summary>
    /// Nothing has moved for long: what is not acknowledged is sent again, and all of it if all was acknowledged and yet not
    /// installed.
    /// </summary>
    public void Rewind(long now)
    {
        if (_acknowledged == Total) _acknowledged = 0;
        _sent = _acknowledged;
        MovedAt = now;
    }

    public void Started(long now) => MovedAt = now;
}
