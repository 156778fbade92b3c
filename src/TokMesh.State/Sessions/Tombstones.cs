using System.Buffers.Binary;
using TokMesh.State.Ids;
using TokMesh.State.Names;
using TokMesh.State.Tables;
using TokMesh.State.Wire;

namespace TokMesh.State.Sessions;

/// <summary>What is remembered of a dead session.</summary>
internal readonly record struct Tombstone(UInt128 Id, TokenHash Token, long DiedAt, bool Expired, ForeignNames? Foreign);

/// <summary>
/// The dead of the last ten minutes, oldest first, so that "expired" and "revoked" can be told from "never was".
/// Bounded: beyond the capacity the oldest goes. A name may die more than once; the newest answers.
/// </summary>
internal sealed class Tombstones(int capacity)
{
    /// <summary>How long a dead session is remembered, ms of entry time.</summary>
    public const long MemoryMs = 600_000;

    /// <summary>The most one shard remembers.</summary>
    public const int DefaultCapacity = 65_536;

    // A tombstone's number is its place in history; its low 30 bits serve as slot in the tables.
    private const ulong NumberMask = (1ul << 30) - 1;

    private readonly SlotTable _byId = new();
    private readonly SlotTable _byToken = new();
    private Tombstone[] _ring = [];

    /// <summary>The number of the oldest one held.</summary>
    public ulong First { get; private set; }

    public int Count { get; private set; }

    public bool IsFull => Count == capacity;

    public ref readonly Tombstone Oldest => ref At(0);

    public ref readonly Tombstone At(int offset) => ref _ring[(int)((First + (ulong)offset) & (ulong)(_ring.Length - 1))];

    public bool HasLapsed(long now) => Count > 0 && Oldest.DiedAt + MemoryMs <= now;

    /// <summary>Begins where a snapshot's tombstones begin; empty only.</summary>
    public void StartAt(ulong first) => First = first;

    /// <summary>Adds the newest. The caller has made room.</summary>
    public void Add(in Tombstone tombstone)
    {
        if (Count == _ring.Length) Resize(Math.Max(16, _ring.Length * 2));
        var number = First + (ulong)Count;
        _ring[(int)(number & (ulong)(_ring.Length - 1))] = tombstone;
        Count++;
        Point(_byId, IdHash(tombstone.Id), FindId(tombstone.Id), number);
        Point(_byToken, TokenHashOf(tombstone.Token), FindToken(tombstone.Token), number);
    }

    public void RemoveOldest()
    {
        var oldest = Oldest;
        var slot = (int)(First & NumberMask);
        if (FindId(oldest.Id) == 0) _byId.Remove(IdHash(oldest.Id), slot);
        if (FindToken(oldest.Token) == 0) _byToken.Remove(TokenHashOf(oldest.Token), slot);
        _ring[(int)(First & (ulong)(_ring.Length - 1))] = default;
        First++;
        Count--;
        if (_ring.Length > 64 && Count * 4 < _ring.Length) Resize(_ring.Length / 2);
    }

    /// <summary>The offset (from the oldest) of the newest tombstone of an id; -1 for none.</summary>
    public int FindId(UInt128 id)
    {
        var hash = IdHash(id);
        int probe = _byId.Start(hash), slot;
        while ((slot = _byId.Next(hash, ref probe)) >= 0)
        {
            var offset = OffsetOf(slot);
            if (At(offset).Id == id) return offset;
        }
        return -1;
    }

    /// <summary>The offset (from the oldest) of the newest tombstone of a token; -1 for none.</summary>
    public int FindToken(TokenHash token)
    {
        var hash = TokenHashOf(token);
        int probe = _byToken.Start(hash), slot;
        while ((slot = _byToken.Next(hash, ref probe)) >= 0)
        {
            var offset = OffsetOf(slot);
            if (At(offset).Token == token) return offset;
        }
        return -1;
    }

    private static uint IdHash(UInt128 id)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, id);
        return StableHash.Table(bytes);
    }

    private static uint TokenHashOf(TokenHash token) => (uint)(ulong)token.Low;

    private void Point(SlotTable table, uint hash, int olderOffset, ulong number)
    {
        var slot = (int)(number & NumberMask);
        if (olderOffset < 0) table.Add(hash, slot);
        else table.Replace(hash, (int)((First + (ulong)olderOffset) & NumberMask), slot);
    }

    private int OffsetOf(int slot) => (int)(((ulong)slot - First) & NumberMask);

    private void Resize(int size)
    {
        var ring = new Tombstone[size];
        for (var i = 0; i < Count; i++) ring[(int)((First + (ulong)i) & (ulong)(size - 1))] = At(i);
        _ring = ring;
    }
}
