using System.Buffers;
using TokMesh.State.Errors;
using TokMesh.State.Wire;

namespace TokMesh.State.Keys;

/// <summary>How an operation gives an expiry. In the log: numbers may only grow.</summary>
public enum ExpiryMode : byte
{
    /// <summary>SET: no expiry. GETEX: as it is.</summary>
    None = 0,

    /// <summary>Milliseconds from the entry's time.</summary>
    Relative = 1,

    /// <summary>Unix milliseconds.</summary>
    Absolute = 2,

    /// <summary>SET: the old expiry stays (KEEPTTL). GETEX: taken off (PERSIST).</summary>
    KeepOrPersist = 3,
}

/// <summary>Conditions and extras of <see cref="KeyOps.Set"/>. In the log: bits may only grow.</summary>
[Flags]
public enum SetFlags : byte
{
    /// <summary>Plain SET.</summary>
    None = 0,

    /// <summary>Only if the key is absent; else Nil.</summary>
    IfAbsent = 1,

    /// <summary>Only if the key is there; else Nil.</summary>
    IfPresent = 2,

    /// <summary>Reply with the old value or Nil, whether or not it was set.</summary>
    GetOld = 4,

    /// <summary>Reply with the new version (Integer) instead of Ok.</summary>
    GetVersion = 8,
}

/// <summary>Conditions of <see cref="KeyOps.Expire"/>. In the log: bits may only grow.</summary>
[Flags]
public enum ExpireFlags : byte
{
    /// <summary>No condition.</summary>
    None = 0,

    /// <summary>NX: only if there is no expiry.</summary>
    IfNone = 1,

    /// <summary>XX: only if there is one.</summary>
    IfAny = 2,

    /// <summary>GT: only if later than the present one.</summary>
    IfLater = 4,

    /// <summary>LT: only if sooner than the present one.</summary>
    IfSooner = 8,

    /// <summary>The time is Unix milliseconds, not a span.</summary>
    Absolute = 16,
}

/// <summary>Writes the operations on plain keys, with Redis 7's meaning and replies.</summary>
public static class KeyOps
{
    /// <summary>
    /// SET. Reply: Ok; Nil when NX or XX did not hold; Bulk or Nil with <see cref="SetFlags.GetOld"/>; Integer with
    /// <see cref="SetFlags.GetVersion"/>; <see cref="ErrorCode.KeyVersionConflict"/> when the version is not
    /// <paramref name="ifVersion"/> (0: the key must be absent).
    /// </summary>
    public static void Set(IBufferWriter<byte> output, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value,
        SetFlags flags = SetFlags.None, ExpiryMode mode = ExpiryMode.None, long expiryMs = 0, ulong? ifVersion = null)
    {
        output.WriteByte((byte)OpCode.KeySet);
        output.WriteByte((byte)((byte)flags | (ifVersion is null ? 0 : SetOp.HasVersion)));
        output.WriteByte((byte)mode);
        if (mode is ExpiryMode.Relative or ExpiryMode.Absolute) output.WriteInt64(expiryMs);
        if (ifVersion is { } version) output.WriteUInt64(version);
        output.WriteBytes(key);
        output.WriteBytes(value);
    }

    /// <summary>
    /// Deletes a key if its version is <paramref name="ifVersion"/>: a set whose expiry has passed, which removes the key in the entry
    /// that compares. Reply: Integer; <see cref="ErrorCode.KeyVersionConflict"/>.
    /// </summary>
    public static void DelIfVersion(IBufferWriter<byte> output, ReadOnlySpan<byte> key, ulong ifVersion)
        => Set(output, key, [], SetFlags.GetVersion, ExpiryMode.Absolute, 1, ifVersion);

    /// <summary>GETDEL. Reply: Bulk or Nil.</summary>
    public static void GetDel(IBufferWriter<byte> output, ReadOnlySpan<byte> key)
    {
        output.WriteByte((byte)OpCode.KeyGetDel);
        output.WriteBytes(key);
    }

    /// <summary>GETEX. Reply: Bulk or Nil.</summary>
    public static void GetEx(IBufferWriter<byte> output, ReadOnlySpan<byte> key, ExpiryMode mode, long expiryMs = 0)
    {
        output.WriteByte((byte)OpCode.KeyGetEx);
        output.WriteByte((byte)mode);
        output.WriteInt64(expiryMs);
        output.WriteBytes(key);
    }

    /// <summary>DEL. Reply: Integer, how many were there. Call <see cref="KeyItem"/> count times after this.</summary>
    public static void Del(IBufferWriter<byte> output, int count)
    {
        output.WriteByte((byte)OpCode.KeyDel);
        output.WriteVarint((ulong)count);
    }

    /// <summary>MSET. Reply: Ok. Call <see cref="KeyItem"/> for key and value, count times, after this.</summary>
    public static void MSet(IBufferWriter<byte> output, int count)
    {
        output.WriteByte((byte)OpCode.KeyMSet);
        output.WriteVarint((ulong)count);
    }

    /// <summary>The next key or value of a <see cref="Del"/> or <see cref="MSet"/>.</summary>
    public static void KeyItem(IBufferWriter<byte> output, ReadOnlySpan<byte> item) => output.WriteBytes(item);

    /// <summary>PEXPIRE, PEXPIREAT. Reply: Integer 1 or 0. A time that has passed deletes the key.</summary>
    public static void Expire(IBufferWriter<byte> output, ReadOnlySpan<byte> key, long timeMs, ExpireFlags flags = ExpireFlags.None)
    {
        output.WriteByte((byte)OpCode.KeyExpire);
        output.WriteByte((byte)flags);
        output.WriteInt64(timeMs);
        output.WriteBytes(key);
    }

    /// <summary>PERSIST. Reply: Integer, 1 if an expiry was taken off.</summary>
    public static void Persist(IBufferWriter<byte> output, ReadOnlySpan<byte> key)
    {
        output.WriteByte((byte)OpCode.KeyPersist);
        output.WriteBytes(key);
    }

    /// <summary>
    /// INCRBY. Reply: Integer, the new value; <see cref="ErrorCode.KeyNotAnInteger"/>, <see cref="ErrorCode.KeyOverflow"/>.
    /// </summary>
    public static void IncrBy(IBufferWriter<byte> output, ReadOnlySpan<byte> key, long delta)
    {
        output.WriteByte((byte)OpCode.KeyIncrBy);
        output.WriteBytes(key);
        output.WriteInt64(delta);
    }

    /// <summary>APPEND. Reply: Integer, the new length in bytes; <see cref="ErrorCode.KeyTooLong"/>.</summary>
    public static void Append(IBufferWriter<byte> output, ReadOnlySpan<byte> key, ReadOnlySpan<byte> tail)
    {
        output.WriteByte((byte)OpCode.KeyAppend);
        output.WriteBytes(key);
        output.WriteBytes(tail);
    }
}
