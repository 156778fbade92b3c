using System.Buffers.Binary;
using System.Numerics;

namespace TokMesh.State.Wire;

/// <summary>
/// A 64-bit hash of bytes that is the same in every process and on every machine, unlike <see cref="HashCode"/>. Scan
/// cursors and digests compare across replicas, so the function is frozen by a golden test. Rounds are XXH64's.
/// </summary>
internal static class StableHash
{
    private const ulong P1 = 0x9E3779B185EBCA87, P2 = 0xC2B2AE3D27D4EB4F, P3 = 0x165667B19E3779F9, P4 = 0x85EBCA77C2B2AE63;

    public static ulong Of(ReadOnlySpan<byte> data, ulong seed = 0)
    {
        var hash = (seed + P3) ^ ((ulong)data.Length * P1);
        while (data.Length >= 8)
        {
            hash = Round(hash, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }
        if (!data.IsEmpty)
        {
            ulong tail = 0;
            for (var i = 0; i < data.Length; i++) tail |= (ulong)data[i] << (8 * i);
            hash = Round(hash, tail);
        }
        return Finish(hash);
    }

    public static ulong Combine(ulong hash, ulong value) => Finish(Round(hash, value));

    /// <summary>The 32 bits the tables use.</summary>
    public static uint Table(ReadOnlySpan<byte> data)
    {
        var hash = Of(data);
        return (uint)(hash ^ (hash >> 32));
    }

    private static ulong Round(ulong hash, ulong value)
        => (BitOperations.RotateLeft(hash ^ (BitOperations.RotateLeft(value * P2, 31) * P1), 27) * P1) + P4;

    private static ulong Finish(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * P2;
        hash = (hash ^ (hash >> 29)) * P3;
        return hash ^ (hash >> 32);
    }
}
