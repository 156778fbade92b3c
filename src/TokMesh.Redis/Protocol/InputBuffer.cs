using System.Buffers;

namespace TokMesh.Redis.Protocol;

/// <summary>
/// The unread input of a connection as one contiguous piece. What one read brings in one segment is used where it lies; only a
/// command that is cut by the end of a read, or input in several segments, is copied, once.
/// </summary>
internal sealed class InputBuffer : IDisposable
{
    private const int KeptBytes = 64 * 1024;

    private byte[] _carried = [];
    private int _start;
    private int _end;
    private ReadOnlyMemory<byte> _inPlace;

    /// <summary>What is not consumed.</summary>
    public ReadOnlySpan<byte> Unread => _inPlace.IsEmpty ? _carried.AsSpan(_start, _end - _start) : _inPlace.Span;

    /// <summary>Bytes not consumed.</summary>
    public int Length => _inPlace.IsEmpty ? _end - _start : _inPlace.Length;

    /// <summary>Bytes of memory it keeps between reads.</summary>
    public int Capacity => _carried.Length;

    /// <summary>Takes what a read has brought; its memory must stay until <see cref="Release"/>.</summary>
    public void Accept(in ReadOnlySequence<byte> read, int needed)
    {
        if (_start == _end && read.IsSingleSegment)
        {
            _inPlace = read.First;
            return;
        }
        var length = (int)read.Length;
        // Room for what was announced, but not more than four times of what has really come: announcing is free.
        Reserve(Math.Max(_end - _start + length, Math.Min(needed, 4 * (_end - _start + length))));
        read.CopyTo(_carried.AsSpan(_end));
        _end += length;
    }

    /// <summary>Drops consumed bytes.</summary>
    public void Consume(int count)
    {
        if (_inPlace.IsEmpty) _start += count;
        else _inPlace = _inPlace[count..];
    }

    /// <summary>Copies what is left in place, so that the read's memory can go.</summary>
    public void Release()
    {
        if (!_inPlace.IsEmpty)
        {
            _start = _end = 0;
            Reserve(_inPlace.Length);
            _inPlace.Span.CopyTo(_carried);
            _end = _inPlace.Length;
            _inPlace = default;
        }
        else if (_start == _end)
        {
            _start = _end = 0;
            if (_carried.Length > KeptBytes) Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_carried.Length > 0) ArrayPool<byte>.Shared.Return(_carried);
        _carried = [];
        _start = _end = 0;
    }

    /// <summary>Makes room for that many bytes in all, the present ones first.</summary>
    private void Reserve(int total)
    {
        var present = _carried.AsSpan(_start, _end - _start);
        if (total > _carried.Length)
        {
            var grown = ArrayPool<byte>.Shared.Rent(total);
            present.CopyTo(grown);
            if (_carried.Length > 0) ArrayPool<byte>.Shared.Return(_carried);
            _carried = grown;
        }
        else if (_start > 0) present.CopyTo(_carried);
        _end -= _start;
        _start = 0;
    }
}
