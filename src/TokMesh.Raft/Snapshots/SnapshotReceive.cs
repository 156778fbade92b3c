using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;

namespace TokMesh.Raft.Snapshots;

/// <summary>
/// Puts the chunks of one snapshot together, in order, and checks the whole. Pieces that arrived with an earlier snapshot, which
/// was broken off, are taken from there.
/// </summary>
internal sealed class SnapshotReceive(LogIndex index, Term term, ulong context, long total)
{
    /// <summary>Largest snapshot taken, in bytes: what one array can hold.</summary>
    public const long MaxBytes = 1L << 30;

    private readonly Dictionary<UInt128, ReadOnlyMemory<byte>> _reusable = [];
    private byte[] _data = [];
    private int _received;

    // Of the head: the membership, where the data begins, and the pieces; the first that is not complete.
    private Configuration? _configuration;
    private int _dataStart;
    private List<SnapshotPieces.Piece> _pieces = [];
    private int _nextPiece;

    public ulong Context { get; } = context;

    public LogIndex Index { get; } = index;

    /// <summary>Next byte wanted.</summary>
    public long Next => _received;

    /// <summary>Another snapshot was on its way before this one: what is whole of it may be of use.</summary>
    public void Inherit(SnapshotReceive earlier)
    {
        foreach (var (name, piece) in earlier._reusable) _reusable.TryAdd(name, piece);
        var start = earlier._dataStart;
        for (var i = 0; i < earlier._nextPiece; i++)
        {
            var end = (int)earlier._pieces[i].End;
            var piece = earlier._data.AsMemory(start, end - start);
            start = end;
            // It is used without being asked for again, so it must be what it is called.
            if (SnapshotPieces.NameOf(piece.Span) == earlier._pieces[i].Name) _reusable.TryAdd(earlier._pieces[i].Name, piece);
        }
    }

    /// <summary>Takes what a chunk has of the bytes wanted next.</summary>
    public void Take(long offset, ReadOnlySpan<byte> chunk)
    {
        if (offset > _received || offset + chunk.Length <= _received || offset + chunk.Length > total) return;
        Append(chunk[(int)(_received - offset)..]);
        ReadHead();
        TakeKnownPieces();
    }

    /// <summary>The snapshot once all of it is there; null while it is not. Damaged content starts over.</summary>
    public (SnapshotMeta Meta, ReadOnlyMemory<byte> Data)? TryComplete()
    {
        if (_received < total) return null;
        var data = _data.AsMemory(_dataStart, _received - _dataStart);
        if (_configuration is { } configuration && Identify(data.Span, Index) == Context)
            return (new SnapshotMeta(Index, term, configuration), data);
        _received = _dataStart = _nextPiece = 0;
        _configuration = null;
        _pieces = [];
        _reusable.Clear();
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

    private void ReadHead()
    {
        if (_configuration is not null || _received < sizeof(uint)) return;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(_data);
        if (length > total - sizeof(uint) || _received < sizeof(uint) + length) return;
        ReadOnlySpan<byte> head = _data.AsSpan(sizeof(uint), (int)length);
        try
        {
            var configuration = Configuration.Decode(ref head);
            var start = sizeof(uint) + (int)length;
            var pieces = SnapshotPieces.ReadList(ref head, start);
            if (!head.IsEmpty || (pieces.Count == 0 ? start : pieces[^1].End) != total) return;
            (_configuration, _dataStart, _pieces) = (configuration, start, pieces);
        }
        catch (FormatException)
        {
            // Same as a wrong checksum: what arrived is not what was sent. It shows when all is there.
        }
    }

    private void TakeKnownPieces()
    {
        while (_nextPiece < _pieces.Count)
        {
            var piece = _pieces[_nextPiece];
            if (_received >= piece.End)
            {
                _nextPiece++;
                continue;
            }
            var start = _nextPiece == 0 ? _dataStart : _pieces[_nextPiece - 1].End;
            if (!_reusable.TryGetValue(piece.Name, out var known) || known.Length != piece.End - start) return;
            // Whatever has arrived of it is the same bytes.
            Append(known.Span[(int)(_received - start)..]);
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        var needed = _received + bytes.Length;
        if (needed > _data.Length) Array.Resize(ref _data, (int)Math.Min(total, Math.Max(needed, _data.Length * 2L)));
        bytes.CopyTo(_data.AsSpan(_received));
        _received = needed;
    }
}
