using TokMesh.Cluster;

namespace TokMesh.Orleans.Links;

/// <summary>
/// One session of this node's way to another silo: numbers what lanes hand over, cuts what is large into pieces, and keeps what is
/// under way within a window that the other side's acknowledgements open. Beyond it frames wait here, and beyond that they are
/// lost, as on a connection that cannot keep up.
/// </summary>
/// <param name="session">Drawn for this session.</param>
/// <param name="transmit">Sends a piece; must not block. Called under the link's lock, so in order.</param>
internal sealed class OutgoingLink(ulong session, OutgoingLink.Transmit transmit)
{
    /// <summary>Sends one piece.</summary>
    public delegate void Transmit(ulong number, PieceKind kind, byte[] bytes);

    /// <summary>Most pieces under way.</summary>
    public const int MaxPieces = 1024;

    /// <summary>Most bytes under way.</summary>
    public const int MaxBytes = 8 << 20;

    /// <summary>Largest piece: what one call carries.</summary>
    public const int PieceBytes = 256 << 10;

    /// <summary>Most bytes that wait for the window; what comes on top is lost.</summary>
    public const long MaxWaitingBytes = 64L << 20;

    private readonly Lock _lock = new();
    private readonly Queue<FrameBuffer> _waiting = new();
    private readonly Queue<int> _underWay = new();
    private long _waitingBytes;
    private long _underWayBytes;
    private int _offset;
    private ulong _sent;
    private bool _closed;

    /// <summary>Which session of the link.</summary>
    public ulong Session => session;

    /// <summary>The last number sent.</summary>
    public ulong Sent => Volatile.Read(ref _sent);

    /// <summary>Takes over frames; false when they were lost.</summary>
    public bool Send(FrameBuffer frames)
    {
        lock (_lock)
        {
            if (_closed || _waitingBytes + frames.Length > MaxWaitingBytes)
            {
                frames.Dispose();
                return false;
            }
            _waiting.Enqueue(frames);
            _waitingBytes += frames.Length;
            Pump();
            return true;
        }
    }

    /// <summary>The other side is done with everything up to this number.</summary>
    public void Acknowledged(ulong number)
    {
        lock (_lock)
        {
            // An answer to what was never sent, or one that another has overtaken.
            if (number > _sent) return;
            while (_underWay.Count > 0 && _sent - (ulong)_underWay.Count < number) _underWayBytes -= _underWay.Dequeue();
            Pump();
        }
    }

    /// <summary>Ends the session: whatever waits is lost.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            while (_waiting.TryDequeue(out var frames)) frames.Dispose();
            _waitingBytes = 0;
        }
    }

    private void Pump()
    {
        while (_waiting.TryPeek(out var frames) && _underWay.Count < MaxPieces && _underWayBytes < MaxBytes)
        {
            var left = frames.Length - _offset;
            var length = Math.Min(left, PieceBytes);
            var kind = (_offset == 0 ? PieceKind.First : PieceKind.Middle) | (length == left ? PieceKind.Last : PieceKind.Middle);
            _underWay.Enqueue(length);
            _underWayBytes += length;
            Volatile.Write(ref _sent, _sent + 1);
            // A copy, since the call is written to the connection later, and again on another one if that breaks.
            transmit(_sent, kind, frames.Written.Slice(_offset, length).ToArray());
            _offset += length;
            if (length < left) continue;
            _waiting.Dequeue();
            _waitingBytes -= frames.Length;
            _offset = 0;
            frames.Dispose();
        }
    }
}
