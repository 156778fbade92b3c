using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using TokMesh.Cluster.Health;

namespace TokMesh.Cluster.Transport;

/// <summary>
/// A run of frames for one node in one pooled buffer. A frame is <c>length:u32 LE | kind:u8 | group:varint | body</c>, the length
/// counting what follows it. The last owner gives the buffer back with <see cref="Dispose"/>.
/// </summary>
public sealed class FrameBuffer : IBufferWriter<byte>, IDisposable
{
    private const int KeptBuffers = 64;
    private const int KeptBytes = 1 << 20;
    private static readonly ConcurrentQueue<FrameBuffer> Pool = new();

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(4096);
    private int _length;
    private int _frameStart = -1;

    private FrameBuffer()
    {
    }

    /// <summary>Bytes written.</summary>
    public int Length => _length;

    /// <summary>The frames.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>The frames; valid until the buffer is given back.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, _length);

    /// <summary>An empty buffer.</summary>
    public static FrameBuffer Rent() => Pool.TryDequeue(out var buffer) ? buffer : new FrameBuffer();

    /// <summary>Starts a frame; its body is what is written until <see cref="End"/>.</summary>
    public void Begin(FrameKind kind, uint group)
    {
        _frameStart = _length;
        var span = GetSpan(5 + Varint.MaxBytes);
        span[4] = (byte)kind;
        Advance(5 + Varint.Write(span[5..], group));
    }

    /// <summary>Completes the frame.</summary>
    public void End()
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(_frameStart), (uint)(_length - _frameStart - 4));
        _frameStart = -1;
    }

    /// <summary>
    /// Takes the first frame off <paramref name="frames"/>: its kind, group and body, and the frame as a whole. False at the end.
    /// </summary>
    /// <exception cref="FormatException">The bytes are not frames.</exception>
    public static bool TryRead(ref ReadOnlySpan<byte> frames, out FrameKind kind, out uint group, out ReadOnlySpan<byte> body, out ReadOnlySpan<byte> whole)
    {
        kind = default;
        group = 0;
        body = whole = default;
        if (frames.IsEmpty) return false;
        if (frames.Length < 6) throw new FormatException("The frames end inside a header.");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(frames);
        if (length < 2 || length > (uint)frames.Length - 4) throw new FormatException($"A frame announces {length} bytes; {frames.Length - 4} are present.");
        whole = frames[..(int)(length + 4)];
        kind = (FrameKind)frames[4];
        var rest = whole[5..];
        var number = Varint.Read(ref rest);
        if (number > uint.MaxValue) throw new FormatException($"A frame names group {number}.");
        group = (uint)number;
        body = rest;
        frames = frames[whole.Length..];
        return true;
    }

    /// <inheritdoc/>
    public void Advance(int count) => _length += count;

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(_length);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(_length);
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose()
    {
        _length = 0;
        if (_bytes.Length <= KeptBytes && Pool.Count < KeptBuffers)
        {
            Pool.Enqueue(this);
            return;
        }
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    private void Reserve(int sizeHint)
    {
        if (_bytes.Length - _length >= Math.Max(1, sizeHint)) return;
        var grown = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + Math.Max(1, sizeHint)));
        _bytes.AsSpan(0, _length).CopyTo(grown);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = grown;
    }
}

/// <summary>What a frame between nodes carries. On the wire: numbers may only grow.</summary>
public enum FrameKind : byte
{
    /// <summary>A message of a Raft group.</summary>
    Raft = 1,

    /// <summary>Writes for a shard's leader: <c>epoch:varint | number:varint</c>, then a section as an entry holds it.</summary>
    Writes = 2,

    /// <summary>Answer to one write: <c>origin:u64 | seq:varint | reply</c>.</summary>
    WriteReply = 3,

    /// <summary>
    /// Writes of an epoch were refused from a number on: <c>origin:u64 | epoch:varint | reason:u8 | leader:varint | first:varint</c>.
    /// </summary>
    WritesRefused = 4,

    /// <summary>A read: <c>origin:u64 | id:varint | kind:u8 | maxStalenessMs:varint | query</c>.</summary>
    Read = 5,

    /// <summary>Answer to a read: <c>origin:u64 | id:varint | reply</c>.</summary>
    ReadReply = 6,

    /// <summary>A read cannot be answered there: <c>origin:u64 | id:varint | reason:u8 | leader:varint</c>.</summary>
    ReadRefused = 7,

    /// <summary>
    /// The sender lives; and heartbeats of any of its groups, or answers to some: <c>nonce:u64 | position:u64 | flags:u8 | (group:varint |
    /// length:varint | message)*</c>. The nonce is that of the sender's start, the position says how far its log is durable; flag 1: it may
    /// not lead. For every lane; the frame's own group is zero.
    /// </summary>
    Heartbeats = 8,

    /// <summary>
    /// How far the sender's log is durable, before anything that may rest on it: <c>position:varint</c>. A node that comes back with less
    /// than it has spoken of has lost something. The frame's own group is zero.
    /// </summary>
    Position = 9,

    /// <summary>What the sender has found to be wrong (<see cref="HealthReport"/>); the frame's own group is zero.</summary>
    Health = 10,
}
