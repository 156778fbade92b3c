using System.Buffers;
using System.Globalization;
using TokMesh.State.Data;
using TokMesh.State.Errors;
using TokMesh.State.Keys;
using TokMesh.State.Replies;
using TokMesh.State.Wire;

namespace TokMesh.State.Appliers;

/// <summary>Applies the operations on plain keys. A key that has expired by the entry's time is absent, and goes when met.</summary>
internal sealed class KeyApplier(ShardData data)
{
    public void Set(in SetOp op, IBufferWriter<byte> reply)
    {
        if ((op.Has(SetFlags.IfAbsent) && op.Has(SetFlags.IfPresent)) || (op.Has(SetFlags.GetOld) && op.Has(SetFlags.GetVersion)))
        {
            ReplyWriter.Error(reply, ErrorCode.KeySyntax);
            return;
        }
        if (!TryExpiry(op.Mode, op.ExpiryMs, out var expires))
        {
            ReplyWriter.Error(reply, ErrorCode.KeyInvalidExpire, "invalid expire time in 'set' command");
            return;
        }
        var slot = FindLive(op.Key);
        if (op.Conditional)
        {
            var version = slot < 0 ? 0 : KeyRecord.Version(data.Keys[slot]);
            if (version != op.IfVersion)
            {
                ReplyWriter.Error(reply, ErrorCode.KeyVersionConflict, version.ToString(CultureInfo.InvariantCulture));
                return;
            }
        }
        if (op.Has(SetFlags.GetOld)) BulkOrNil(slot, reply);
        if ((op.Has(SetFlags.IfAbsent) && slot >= 0) || (op.Has(SetFlags.IfPresent) && slot < 0))
        {
            if (!op.Has(SetFlags.GetOld)) ReplyWriter.Nil(reply);
            return;
        }
        if (op.Mode == ExpiryMode.KeepOrPersist && slot >= 0) expires = KeyRecord.ExpiresAt(data.Keys[slot]);
        Put(slot, op.Key, op.Value, expires);
        if (op.Has(SetFlags.GetVersion)) ReplyWriter.Integer(reply, (long)data.KeyVersion);
        else if (!op.Has(SetFlags.GetOld)) ReplyWriter.Ok(reply);
    }

    public void GetDel(ReadOnlySpan<byte> key, IBufferWriter<byte> reply)
    {
        var slot = FindLive(key);
        BulkOrNil(slot, reply);
        if (slot >= 0) data.Keys.Remove(slot);
    }

    public void GetEx(in GetExOp op, IBufferWriter<byte> reply)
    {
        if (!TryExpiry(op.Mode, op.ExpiryMs, out var expires))
        {
            ReplyWriter.Error(reply, ErrorCode.KeyInvalidExpire, "invalid expire time in 'getex' command");
            return;
        }
        var slot = FindLive(op.Key);
        BulkOrNil(slot, reply);
        if (slot < 0 || op.Mode == ExpiryMode.None) return;
        if (expires != KeyRecord.ExpiresAt(data.Keys[slot])) SetExpiry(slot, expires);
    }

    public void Del(ref WireReader items, IBufferWriter<byte> reply)
    {
        long removed = 0;
        for (var count = items.Count(); count > 0; count--)
        {
            var slot = FindLive(items.Bytes());
            if (slot < 0) continue;
            data.Keys.Remove(slot);
            removed++;
        }
        ReplyWriter.Integer(reply, removed);
    }

    public void MSet(ref WireReader items, IBufferWriter<byte> reply)
    {
        for (var count = items.Count(); count > 0; count--)
        {
            var key = items.Bytes();
            Put(data.Keys.Find(key), key, items.Bytes(), 0);
        }
        ReplyWriter.Ok(reply);
    }

    public void Expire(in ExpireOp op, IBufferWriter<byte> reply)
    {
        bool nx = op.Has(ExpireFlags.IfNone), xx = op.Has(ExpireFlags.IfAny), gt = op.Has(ExpireFlags.IfLater), lt = op.Has(ExpireFlags.IfSooner);
        if (nx && (xx || gt || lt))
        {
            ReplyWriter.Error(reply, ErrorCode.KeySyntax, "NX and XX, GT or LT options at the same time are not compatible");
            return;
        }
        if (gt && lt)
        {
            ReplyWriter.Error(reply, ErrorCode.KeySyntax, "GT and LT options at the same time are not compatible");
            return;
        }
        var relative = !op.Has(ExpireFlags.Absolute);
        if (relative && op.TimeMs > long.MaxValue - data.Time)
        {
            ReplyWriter.Error(reply, ErrorCode.KeyInvalidExpire, "invalid expire time in 'pexpire' command");
            return;
        }
        // A negative span cannot run below the smallest number: the entry's time is not negative.
        var expires = relative ? data.Time + op.TimeMs : op.TimeMs;
        var slot = FindLive(op.Key);
        if (slot < 0)
        {
            ReplyWriter.Integer(reply, 0);
            return;
        }
        // No expiry counts as the latest of all.
        var present = KeyRecord.ExpiresAt(data.Keys[slot]);
        var holds = (!nx || present == 0) && (!xx || present != 0) && (!gt || (present != 0 && expires > present))
            && (!lt || present == 0 || expires < present);
        if (holds) SetExpiry(slot, expires <= 0 ? data.Time : expires);
        ReplyWriter.Integer(reply, holds ? 1 : 0);
    }

    public void Persist(ReadOnlySpan<byte> key, IBufferWriter<byte> reply)
    {
        var slot = FindLive(key);
        var had = slot >= 0 && KeyRecord.ExpiresAt(data.Keys[slot]) != 0;
        if (had) SetExpiry(slot, 0);
        ReplyWriter.Integer(reply, had ? 1 : 0);
    }

    public void IncrBy(ReadOnlySpan<byte> key, long delta, IBufferWriter<byte> reply)
    {
        var slot = FindLive(key);
        long value = 0;
        if (slot >= 0 && !IntegerText.TryParse(KeyRecord.Value(data.Keys[slot]), out value))
        {
            ReplyWriter.Error(reply, ErrorCode.KeyNotAnInteger);
            return;
        }
        if (delta > 0 ? value > long.MaxValue - delta : value < long.MinValue - delta)
        {
            ReplyWriter.Error(reply, ErrorCode.KeyOverflow);
            return;
        }
        value += delta;
        Span<byte> text = stackalloc byte[IntegerText.MaxBytes];
        Put(slot, key, text[..IntegerText.Format(value, text)], slot < 0 ? 0 : KeyRecord.ExpiresAt(data.Keys[slot]));
        ReplyWriter.Integer(reply, value);
    }

    public void Append(ReadOnlySpan<byte> key, ReadOnlySpan<byte> tail, IBufferWriter<byte> reply)
    {
        var slot = FindLive(key);
        var length = (slot < 0 ? 0 : KeyRecord.ValueLength(data.Keys[slot])) + (long)tail.Length;
        if (length > KeyRules.MaxValueBytes)
        {
            ReplyWriter.Error(reply, ErrorCode.KeyTooLong);
            return;
        }
        if (slot < 0) Put(slot, key, tail, 0);
        else data.Keys.Append(slot, tail, ++data.KeyVersion);
        ReplyWriter.Integer(reply, length);
    }

    /// <summary>Removes expired keys; returns how many, at most <paramref name="limit"/>.</summary>
    public int Sweep(int limit)
    {
        var removed = 0;
        for (; removed < limit; removed++)
        {
            var slot = data.Keys.PeekExpiry(out var expires);
            if (slot < 0 || expires > data.Time) break;
            data.Keys.Remove(slot);
        }
        return removed;
    }

    private int FindLive(ReadOnlySpan<byte> key)
    {
        var slot = data.Keys.Find(key);
        if (slot < 0 || !KeyRecord.IsExpired(data.Keys[slot], data.Time)) return slot;
        data.Keys.Remove(slot);
        return -1;
    }

    private void BulkOrNil(int slot, IBufferWriter<byte> reply)
    {
        if (slot < 0) ReplyWriter.Nil(reply);
        else ReplyWriter.Bulk(reply, KeyRecord.Value(data.Keys[slot]));
    }

    /// <summary>Writes a key. An expiry that has passed means that the key is gone at once.</summary>
    private void Put(int slot, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expires)
    {
        var version = ++data.KeyVersion;
        if (expires == 0 || expires > data.Time) data.Keys.Put(slot, key, value, expires, version);
        else if (slot >= 0) data.Keys.Remove(slot);
    }

    private void SetExpiry(int slot, long expires)
    {
        var version = ++data.KeyVersion;
        if (expires == 0 || expires > data.Time) data.Keys.Stamp(slot, expires, version);
        else data.Keys.Remove(slot);
    }

    /// <summary>False for a time Redis calls invalid: not above 0, or too large.</summary>
    private bool TryExpiry(ExpiryMode mode, long ms, out long expires)
    {
        expires = 0;
        if (mode is not (ExpiryMode.Relative or ExpiryMode.Absolute)) return true;
        if (ms <= 0 || (mode == ExpiryMode.Relative && ms > long.MaxValue - data.Time)) return false;
        expires = mode == ExpiryMode.Relative ? data.Time + ms : ms;
        return true;
    }
}
