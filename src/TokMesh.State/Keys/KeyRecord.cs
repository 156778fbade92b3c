using System.Buffers.Binary;

namespace TokMesh.State.Keys;

/// <summary>
/// A plain key in memory, one byte array: <c>expires_at:8 | version:8 | key length:4 | value length:4 | key | value | slack</c>.
/// Slack lets a value be written in place and an append grow; it is in no snapshot and no digest.
/// </summary>
internal static class KeyRecord
{
    private const int VersionOffset = 8, KeyLengthOffset = 16, ValueLengthOffset = 20, KeyOffset = 24;

    public static byte[] Make(ReadOnlySpan<byte> key, int valueCapacity)
    {
        var record = GC.AllocateUninitializedArray<byte>(KeyOffset + key.Length + valueCapacity);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(KeyLengthOffset), key.Length);
        key.CopyTo(record.AsSpan(KeyOffset));
        return record;
    }

    public static ReadOnlySpan<byte> Key(byte[] record) => record.AsSpan(KeyOffset, KeyLength(record));

    public static ReadOnlySpan<byte> Value(byte[] record) => record.AsSpan(KeyOffset + KeyLength(record), ValueLength(record));

    public static int ValueLength(byte[] record) => BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(ValueLengthOffset));

    /// <summary>Room for a value, slack included.</summary>
    public static int Capacity(byte[] record) => record.Length - KeyOffset - KeyLength(record);

    /// <summary>Unix ms; 0 for no expiry.</summary>
    public static long ExpiresAt(byte[] record) => BinaryPrimitives.ReadInt64LittleEndian(record);

    public static ulong Version(byte[] record) => BinaryPrimitives.ReadUInt64LittleEndian(record.AsSpan(VersionOffset));

    public static bool IsExpired(byte[] record, long now)
    {
        var expires = ExpiresAt(record);
        return expires != 0 && expires <= now;
    }

    public static void SetExpiresAt(byte[] record, long value) => BinaryPrimitives.WriteInt64LittleEndian(record, value);

    public static void SetVersion(byte[] record, ulong value)
        => BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(VersionOffset), value);

    public static void SetValue(byte[] record, ReadOnlySpan<byte> value)
    {
        value.CopyTo(record.AsSpan(KeyOffset + KeyLength(record)));
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(ValueLengthOffset), value.Length);
    }

    public static void AppendValue(byte[] record, ReadOnlySpan<byte> tail)
    {
        var length = ValueLength(record);
        tail.CopyTo(record.AsSpan(KeyOffset + KeyLength(record) + length));
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(ValueLengthOffset), length + tail.Length);
    }

    private static int KeyLength(byte[] record) => BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(KeyLengthOffset));
}
