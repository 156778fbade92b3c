using System.Buffers;

namespace TokMesh.Orleans.Links;

/// <summary>
/// Puts the pieces of one session back in order: Orleans neither orders one-way calls nor promises that they arrive. What is
/// missing is waited for a moment; then it is taken for lost and what came after it goes on, as with a connection that broke.
/// Not thread-safe: its owner locks.
/// </summary>
/// <param name="session">Which session of the link.</param>
/// <param name="pass">Takes a whole batch; valid during the call.</param>
/// <param name="lost">Told that batches were lost.</param>
internal sealed class IncomingLink(ulong session, IncomingLink.Pass pass, Action lost)
{
    /// <summary>Takes a batch of frames.</summary>
    public delegate void Pass(ReadOnlySpan<byte> frames);

    /// <summary>How long a missing piece is waited for once a later one, or word of it, is there.</summary>
    public const int PatienceMs = 300;

    /// <summary>Most pieces kept for later; the sender's window is smaller.</summary>
    public const int MaxHeld = 2 * OutgoingLink.MaxPieces;

    private const int KeptBytes = 4 << 20;

    private readonly Dictionary<ulong, (PieceKind Kind, byte[] Bytes)> _held = [];
    private ArrayBufferWriter<byte> _batch = new();
    private bool _inBatch;
    private ulong _next = 1;
    private ulong _known;
    private long _missingSince;

    /// <summary>Which session of the link.</summary>
    public ulong Session => session;

    /// <summary>The last piece that is done with: passed on, or taken for lost.</summary>
    public ulong Done => _next - 1;

    /// <summary>A piece arrived.</summary>
    public void Receive(ulong number, PieceKind kind, byte[] bytes, long nowMs)
    {
        if (number < _next) return;
        if (number > _next)
        {
            if (_held.Count < MaxHeld) _held[number] = (kind, bytes);
            Expect(number, nowMs);
            return;
        }
        Take(kind, bytes);
        TakeHeld(nowMs);
    }

    /// <summary>Pieces up to this number have been sent. What of them has not come after a while never will.</summary>
    public void Expect(ulong number, long nowMs)
    {
        if (number < _next) return;
        if (_known < _next) _missingSince = nowMs;
        _known = Math.Max(_known, number);
        if (nowMs - _missingSince < PatienceMs && _held.Count < MaxHeld) return;
        // Over the gap: to the first piece that is there, or past everything that was sent.
        _next = _held.Count > 0 ? _held.Keys.Min() : _known + 1;
        _inBatch = false;
        TakeHeld(nowMs);
        lost();
    }

    private void TakeHeld(long nowMs)
    {
        while (_held.Remove(_next, out var held)) Take(held.Kind, held.Bytes);
        // Another gap behind the one that was closed begins its own wait.
        if (_known >= _next) _missingSince = nowMs;
    }

    private void Take(PieceKind kind, byte[] bytes)
    {
        _next++;
        if (kind == PieceKind.Whole)
        {
            _inBatch = false;
            pass(bytes);
            return;
        }
        if (kind.HasFlag(PieceKind.First))
        {
            _batch.ResetWrittenCount();
            _inBatch = true;
        }
        // The rest of a batch whose beginning was lost.
        if (!_inBatch) return;
        _batch.Write(bytes);
        if (!kind.HasFlag(PieceKind.Last)) return;
        _inBatch = false;
        pass(_batch.WrittenSpan);
        if (_batch.Capacity > KeptBytes) _batch = new ArrayBufferWriter<byte>();
    }
}
