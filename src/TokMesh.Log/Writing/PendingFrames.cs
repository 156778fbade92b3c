using TokMesh.Log.Format;

namespace TokMesh.Log.Writing;

/// <summary>
/// The frames appended since the last flush, in one buffer with the room around the records that a header, nonce and tag
/// will take: a frame is sealed in place and leaves in one write, and nothing is copied twice.
/// </summary>
internal sealed class PendingFrames(FrameLayout layout, int keepBytes)
{
    private const int InitialBytes = 64 * 1024;

    private readonly List<PendingFrame> _frames = [];
    private byte[] _buffer = new byte[InitialBytes];

    public int Bytes { get; private set; }

    public int Count => _frames.Count;

    public PendingFrame this[int index] => _frames[index];

    /// <summary>The records' bytes in the frame that more may be added to, or -1 when there is none.</summary>
    public int OpenFrameBytes =>
        _frames.Count > 0 && _frames[^1].Kind == FrameKind.Commit ? _frames[^1].RecordBytes : -1;

    /// <summary>Begins a frame of commits.</summary>
    public void StartFrame() => Start(FrameKind.Commit, headerBytes: 0, segmentBytes: 0);

    /// <summary>Begins a segment of <paramref name="segmentBytes"/> with its checkpoint.</summary>
    public void StartSegment(long segmentBytes) => Start(FrameKind.Checkpoint, SegmentHeader.Bytes, segmentBytes);

    /// <summary>Adds records to the frame begun last.</summary>
    public void Add(ReadOnlySpan<byte> records)
    {
        // The tag's room is always there beyond the records, so that a frame needs no finishing touch.
        EnsureRoom(records.Length + layout.TrailingBytes);
        records.CopyTo(_buffer.AsSpan(Bytes));
        Bytes += records.Length;
        var frame = _frames[^1];
        _frames[^1] = frame with { RecordBytes = frame.RecordBytes + records.Length };
    }

    /// <summary>The whole bytes of a frame, header to tag, with a segment header's room before it if it begins a segment.</summary>
    public Span<byte> Framed(PendingFrame frame)
    {
        var header = frame.Kind == FrameKind.Checkpoint ? SegmentHeader.Bytes : 0;
        return _buffer.AsSpan(frame.Start, header + layout.OverheadBytes + frame.RecordBytes);
    }

    /// <summary>Forgets the frames; an uncommonly big buffer is let go.</summary>
    public void Clear()
    {
        _frames.Clear();
        Bytes = 0;
        if (_buffer.Length > Math.Max(keepBytes, InitialBytes)) _buffer = new byte[InitialBytes];
    }

    private void Start(FrameKind kind, int headerBytes, long segmentBytes)
    {
        if (_frames.Count > 0) Bytes += layout.TrailingBytes;
        _frames.Add(new PendingFrame(Bytes, RecordBytes: 0, kind, segmentBytes));
        EnsureRoom(headerBytes + layout.OverheadBytes);
        Bytes += headerBytes + layout.LeadingBytes;
    }

    private void EnsureRoom(int more)
    {
        var needed = (long)Bytes + more;
        if (needed > _buffer.Length) Array.Resize(ref _buffer, (int)Math.Max(needed, Math.Min(Array.MaxLength, _buffer.Length * 2L)));
    }
}
