using System.Buffers.Binary;
using TokMesh.State.Ids;
using TokMesh.State.Names;
using TokMesh.State.Tables;
using TokMesh.State.Wire;

namespace TokMesh.State.Sessions;

/// <summary>
/// The sessions of a shard and their indexes: id, token hash, user (a list through the slots), expiry. Every index changes
/// with the record, in the same call.
/// </summary>
internal sealed class SessionStore : IExpiryOrder
{
    private readonly SlotPool _slots = new();
    private readonly SlotTable _byId = new();
    private readonly SlotTable _byToken = new();

    /// <summary>Leads to the first session of each user; the others follow through <see cref="_next"/>.</summary>
    private readonly SlotTable _byUser = new();

    private readonly ExpiryHeap _expiry;
    private readonly Dictionary<int, ForeignNames> _foreign = [];
    private int[] _next = [];
    private int[] _previous = [];

    public SessionStore() => _expiry = new ExpiryHeap(this);

    public int Count => _slots.Count;

    /// <summary>Every used slot is below; ask <see cref="IsUsed"/>.</summary>
    public int End => _slots.End;

    public SlotTable Ids => _byId;

    public byte[] this[int slot] => _slots[slot];

    public bool IsUsed(int slot) => _slots.IsUsed(slot);

    public int Add(byte[] record, ForeignNames? foreign)
    {
        var slot = _slots.Add(record);
        if (slot >= _next.Length)
        {
            var size = Math.Max(slot + 1, SlotPool.Grow(_next.Length));
            Array.Resize(ref _next, size);
            Array.Resize(ref _previous, size);
        }
        _byId.Add(StableHash.Table(SessionRecord.IdBytes(record)), slot);
        _byToken.Add(TokenTableHash(SessionRecord.TokenBytes(record)), slot);
        Link(slot, SessionRecord.User(record));
        _expiry.Set(slot, SessionRecord.ExpiresAt(record));
        if (foreign is not null) _foreign.Add(slot, foreign);
        return slot;
    }

    public void Remove(int slot)
    {
        var record = _slots[slot];
        _expiry.Remove(slot);
        _byId.Remove(StableHash.Table(SessionRecord.IdBytes(record)), slot);
        _byToken.Remove(TokenTableHash(SessionRecord.TokenBytes(record)), slot);
        Unlink(slot, SessionRecord.User(record));
        _foreign.Remove(slot);
        _slots.Remove(slot);
    }

    /// <summary>Puts another array in a record's place; id, token and user are the same.</summary>
    public void Rewrite(int slot, byte[] record)
    {
        _slots[slot] = record;
        _expiry.Set(slot, SessionRecord.ExpiresAt(record));
    }

    public void SetExpiresAt(int slot, long expiresAt)
    {
        SessionRecord.SetExpiresAt(_slots[slot], expiresAt);
        _expiry.Set(slot, expiresAt);
    }

    public int FindId(UInt128 id)
    {
        Span<byte> key = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(key, id);
        var hash = StableHash.Table(key);
        int probe = _byId.Start(hash), slot;
        while ((slot = _byId.Next(hash, ref probe)) >= 0 && !SessionRecord.IdBytes(_slots[slot]).SequenceEqual(key))
        {
        }
        return slot;
    }

    public int FindToken(TokenHash token)
    {
        Span<byte> key = stackalloc byte[TokenHash.Size];
        token.CopyTo(key);
        var hash = TokenTableHash(key);
        int probe = _byToken.Start(hash), slot;
        while ((slot = _byToken.Next(hash, ref probe)) >= 0 && !SessionRecord.TokenBytes(_slots[slot]).SequenceEqual(key))
        {
        }
        return slot;
    }

    /// <summary>The first session of a user, -1 for none; go on with <see cref="NextOfUser"/>. The order means nothing.</summary>
    public int FindUser(ReadOnlySpan<byte> user)
    {
        var hash = StableHash.Table(user);
        int probe = _byUser.Start(hash), slot;
        while ((slot = _byUser.Next(hash, ref probe)) >= 0 && !SessionRecord.User(_slots[slot]).SequenceEqual(user))
        {
        }
        return slot;
    }

    public int NextOfUser(int slot) => _next[slot];

    public ForeignNames? ForeignOf(int slot) => _foreign.Count == 0 ? null : _foreign.GetValueOrDefault(slot);

    /// <summary>The session that expires first and when; -1 when none does.</summary>
    public int PeekExpiry(out long expiresAt) => _expiry.Peek(out expiresAt);

    public int CountExpired(long now) => _expiry.CountExpired(now);

    long IExpiryOrder.ExpiryOf(int slot) => SessionRecord.ExpiresAt(_slots[slot]);

    int IExpiryOrder.CompareIdentity(int a, int b)
        => SessionRecord.IdBytes(_slots[a]).SequenceCompareTo(SessionRecord.IdBytes(_slots[b]));

    /// <summary>A part of the hash is hash enough.</summary>
    private static uint TokenTableHash(ReadOnlySpan<byte> token) => BinaryPrimitives.ReadUInt32LittleEndian(token);

    private void Link(int slot, ReadOnlySpan<byte> user)
    {
        var hash = StableHash.Table(user);
        var head = FindUser(user);
        _previous[slot] = -1;
        _next[slot] = head;
        if (head < 0)
        {
            _byUser.Add(hash, slot);
            return;
        }
        _previous[head] = slot;
        _byUser.Replace(hash, head, slot);
    }


    private void Unlink(int slot, ReadOnlySpan<byte> user)
    {
        int next = _next[slot], previous = _previous[slot];
        if (next >= 0) _previous[next] = previous;
        if (previous >= 0)
        {
            _next[previous] = next;
            return;
        }
        var hash = StableHash.Table(user);
        if (next >= 0) _byUser.Replace(hash, slot, next);
        else _byUser.Remove(hash, slot);
    }
}
