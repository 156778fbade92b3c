using System.Numerics;
using System.Runtime.InteropServices;

namespace TokMesh.Raft;

/// <summary>Puts the chunks of one snapshot together, in order, and checks the whole.</summary>
internal sealed class SnapshotReceive(LogIndex index, Term term, ulong context, long total)
{
    /// <summary>Largest snapshot taken, in bytes: what one array can hold.</summary>
    public const long MaxBytes = 1L << 30;

    private byte[] _data = [];
    private int _received;

    public ulong Context { get; } = context;

    public LogIndex Index { get; } = index;

    /// <summary>Next byte wanted.</summary>
    public long Next => _received;

    /// <summary>Takes a chunk if it is the next one.</summary>
    public void Take(long offset, ReadOnlySpan<byte> chunk)
    {
        if (offset != _received || _received + chunk.Length > total) return;
        var needed = _received + chunk.Length;
        if (needed > _data.Length) Array.Resize(ref _data, (int)Math.Min(total, Math.Max(needed, _data.Length * 2L)));
        chunk.CopyTo(_data.AsSpan(_received));
        _received = needed;
    }

    /// <summary>The snapshot once all of it is there; null while it is not. Damaged content starts over.</summary>
    public (SnapshotMeta Meta, ReadOnlyMemory<byte> Data)? TryComplete()
    {
        if (_received < total) return null;
        ReadOnlySpan<byte> rest = _data.AsSpan(0, _received);
        try
        {
            var configuration = Configuration.Decode(ref rest);
            if (Identify(rest, Index) == Context)
                return (new SnapshotMeta(Index, term, configuration), _data.AsMemory(_received - rest.Length, rest.Length));
        }
        catch (FormatException)
        {
            // Same as a wrong checksum: what arrived is not what was sent.
        }
        _received = 0;
        return null;
    }

    public static ulong Identify(ReadOnlySpan<byte> data, LogIndex index)
    {
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (var word in words) crc = BitOperations.Crc32C(crc, word);
        foreach (var b in data[(words.Length * 8)..]) crc = BitOperations.Crc32C(crc, b);
        return ((ulong)crc << 32) | (uint)(index.Value ^ (ulong)data.Length);
    }
}
