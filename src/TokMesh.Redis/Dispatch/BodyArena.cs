using System.Buffers;

namespace TokMesh.Redis.Dispatch;

/// <summary>
/// Room for the bodies of calls: cut one after the other from chunks, so that a small command allocates nothing of its own. A
/// chunk is never used again: a lane may look at a body until its call has ended, and a repeated read even after that.
/// </summary>
internal sealed class BodyArena : IBufferWriter<byte>
{
    private const int ChunkBytes = 8 * 1024;

    private byte[] _chunk = [];
    private int _start;
    private int _used;

    /// <summary>The body written since the last call of this.</summary>
    public ReadOnlyMemory<byte> Take()
    {
        var body = _chunk.AsMemory(_start, _used - _start);
        _start = _used;
        return body;
    }

    /// <inheritdoc/>
    public void Advance(int count) => _used += count;

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _chunk.AsSpan(_used);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _chunk.AsMemory(_used);
    }

    private void Reserve(int sizeHint)
    {
        if (_chunk.Length - _used >= Math.Max(1, sizeHint)) return;
        var written = _used - _start;
        var grown = GC.AllocateUninitializedArray<byte>(Math.Max(ChunkBytes, Math.Max(written * 2, written + sizeHint)));
        _chunk.AsSpan(_start, written).CopyTo(grown);
        (_chunk, _start, _used) = (grown, 0, written);
    }
}
