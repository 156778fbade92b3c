using System.Buffers.Binary;
using TokMesh.State.Ids;
using TokMesh.State.Wire;

namespace TokMesh.State.Sessions;

/// <summary>
/// A session in memory: one byte array, the 32-byte token hash and then the record that replies carry
/// (<see cref="SessionView"/>). The numbers change in place; a change of texts makes a new array.
/// </summary>
internal static class SessionRecord
{
    public static byte[] Make(in SessionDraft draft, TokenHash token)
    {
        var record = GC.AllocateUninitializedArray<byte>(TokenHash.Size + draft.Size());
        token.CopyTo(record);
        draft.WriteTo(record.AsSpan(TokenHash.Size));
        return record;
    }

    public static ReadOnlySpan<byte> External(byte[] record) => record.AsSpan(TokenHash.Size);

    public static SessionView View(byte[] record) => SessionView.Of(External(record));

    public static ReadOnlySpan<byte> TokenBytes(byte[] record) => record.AsSpan(0, TokenHash.Size);

    public static TokenHash Token(byte[] record) => TokenHash.Read(record);

    public static ReadOnlySpan<byte> IdBytes(byte[] record) => record.AsSpan(TokenHash.Size, 16);

    public static UInt128 Id(byte[] record) => BinaryPrimitives.ReadUInt128BigEndian(IdBytes(record));

    public static ReadOnlySpan<byte> User(byte[] record)
        => new WireReader(record.AsSpan(TokenHash.Size + SessionView.HeadSize)).Bytes();

    public static long ExpiresAt(byte[] record) => Int64(record, SessionView.ExpiresAtOffset);

    public static long LastActive(byte[] record) => Int64(record, SessionView.LastActiveOffset);

    /// <summary>True when the session counts as gone at <paramref name="now"/>: its expiry is now or earlier.</summary>
    public static bool IsExpired(byte[] record, long now)
    {
        var expires = ExpiresAt(record);
        return expires != 0 && expires <= now;
    }

    public static void SetExpiresAt(byte[] record, long value) => SetInt64(record, SessionView.ExpiresAtOffset, value);

    /// <summary>Moves last_active forward, never back.</summary>
    public static void RaiseLastActive(byte[] record, long value)
    {
        if (value > LastActive(record)) SetInt64(record, SessionView.LastActiveOffset, value);
    }

    public static void BumpVersion(byte[] record)
        => SetInt64(record, SessionView.VersionOffset, Int64(record, SessionView.VersionOffset) + 1);

    private static long Int64(byte[] record, int offset)
        => BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(TokenHash.Size + offset));

    private static void SetInt64(byte[] record, int offset, long value)
        => BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(TokenHash.Size + offset), value);
}
