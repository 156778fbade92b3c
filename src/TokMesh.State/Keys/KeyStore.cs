using TokMesh.State.Tables;
using TokMesh.State.Wire;

namespace TokMesh.State.Keys;

/// <summary>The plain keys of a shard, by key and by expiry.</summary>
internal sealed class KeyStore : IExpiryOrder
{
    private readonly SlotPool _slots = new();
    private readonly SlotTable _byKey = new();
    private readonly ExpiryHeap _expiry;

    public KeyStore() => _expiry = new ExpiryHeap(this);

    public int Count => _slots.Count;

    /// <summary>Every used slot is below; ask <see cref="IsUsed"/>.</summary>
    public int End => _slots.End;

    public SlotTable Table => _byKey;

    public byte[] this[int slot] => _slots[slot];

    public bool IsUsed(int slot) => _slots.IsUsed(slot);

    /// <summary>The slot of a key, expired or not; -1 for none.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        var hash = StableHash.Table(key);
        int probe = _byKey.Start(hash), slot;
        while ((slot = _byKey.Next(hash, ref probe)) >= 0 && !KeyRecord.Key(_slots[slot]).SequenceEqual(key))
        {
        }
        return slot;
    }

    /// <summary>Writes a key; <paramref name="slot"/> is what <see cref="Find"/> said.</summary>
    public void Put(int slot, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expiresAt, ulong version)
    {
        byte[] record;
        if (slot < 0)
        {
            record = KeyRecord.Make(key, value.Length);
            slot = _slots.Add(record);
            _byKey.Add(StableHash.Table(key), slot);
        }
        else
        {
            record = _slots[slot];
            var room = KeyRecord.Capacity(record);
            // In place when it fits and does not keep much more than it needs.
            if (value.Length > room || room > (2 * value.Length) + 64) _slots[slot] = record = KeyRecord.Make(key, value.Length);
        }
        KeyRecord.SetValue(record, value);
        Stamp(slot, expiresAt, version);
    }

    /// <summary>Adds to a value; its room doubles (by at most 1 MiB), so that many small appends stay linear.</summary>
    public void Append(int slot, ReadOnlySpan<byte> tail, ulong version)
    {
        var record = _slots[slot];
        var expires = KeyRecord.ExpiresAt(record);
        var length = KeyRecord.ValueLength(record) + tail.Length;
        if (length > KeyRecord.Capacity(record))
        {
            var wider = KeyRecord.Make(KeyRecord.Key(record), length + Math.Min(length, 1 << 20));
            KeyRecord.SetValue(wider, KeyRecord.Value(record));
            _slots[slot] = record = wider;
        }
        KeyRecord.AppendValue(record, tail);
        Stamp(slot, expires, version);
    }

    public void Stamp(int slot, long expiresAt, ulong version)
    {
        KeyRecord.SetExpiresAt(_slots[slot], expiresAt);
        KeyRecord.SetVersion(_slots[slot], version);
        _expiry.Set(slot, expiresAt);
    }

    public void Remove(int slot)
    {
        _expiry.Remove(slot);
        _byKey.Remove(StableHash.Table(KeyRecord.Key(_slots[slot])), slot);
        _slots.Remove(slot);
    }

    /// <summary>The key that expires first and when; -1 when none does.</summary>
    public int PeekExpiry(out long expiresAt) => _expiry.Peek(out expiresAt);

    public int CountExpired(long now) => _expiry.CountExpired(now);

    long IExpiryOrder.ExpiryOf(int slot) => KeyRecord.ExpiresAt(_slots[slot]);

    int IExpiryOrder.CompareIdentity(int a, int b)
        => KeyRecord.Key(_slots[a]).SequenceCompareTo(KeyRecord.Key(_slots[b]));
}
