using System.Buffers;
using System.Buffers.Binary;

namespace TokMesh.Raft.Snapshots;

/// <summary>
/// One snapshot on its way to one follower: chunks within a window, each acknowledged by the next position wanted. It begins with a
/// head, <c>length:u32 LE | membership | list of pieces</c>, so that it can never be installed without the membership, and the
/// follower can tell what it has already.
/// </summary>
internal sealed class SnapshotSend
{
    private readonly byte[] _head;
    private readonly ReadOnlyMemory<byte> _data;
    private readonly int _chunkBytes;
    private readonly int _window;
    private long _sent;
    private long _acknowledged;

    public SnapshotSend(SnapshotMeta meta, ReadOnlyMemory<byte> data, int chunkBytes, int window)
    {
        (Meta, _data, _chunkBytes, _window) = (meta, data, chunkBytes, window);
        var head = new ArrayBufferWriter<byte>();
        head.Write(stackalloc byte[sizeof(uint)]);
        meta.Configuration.Encode(head);
        SnapshotPieces.WriteList(data.Span, chunkBytes, head);
        _head = head.WrittenSpan.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(_head, (uint)(_head.Length - sizeof(uint)));
        Context = SnapshotReceive.Identify(data.Span, meta.Index);
    }

    public SnapshotMeta Meta { get; }

    public long Total => _head.Length + _data.Length;

    /// <summary>Names this very content: checksum of the data, and its position. Chunks of two snapshots can never be mixed.</summary>
    public ulong Context { get; }

    /// <summary>When something last moved, in the leader's milliseconds.</summary>
    public long MovedAt { get; private set; }

    /// <summary>Bytes the follower has told that it has.</summary>
    public long AcknowledgedBytes => _acknowledged;

    public bool CanSend => _sent < Total && _sent - _acknowledged < (long)_chunkBytes * _window;

    public ReadOnlySpan<byte> NextChunk(out long offset)
    {
        offset = _sent;
        var chunk = _sent < _head.Length
            ? _head.AsSpan((int)_sent, (int)Math.Min(_chunkBytes, _head.Length - _sent))
            : _data.Span.Slice((int)(_sent - _head.Length), (int)Math.Min(_chunkBytes, Total - _sent));
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
            // Perhaps further than anything sent: what it has from elsewhere is left out.
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
