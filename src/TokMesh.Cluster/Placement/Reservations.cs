using System.Buffers.Binary;

namespace TokMesh.Cluster.Placement;

/// <summary>
/// Reservations of the pointer protocol: twelve random bytes, and below them the number of the token's own shard. A node that has to
/// confirm or release the token's name later knows only its hash, from which the shard cannot be told.
/// </summary>
internal static class Reservations
{
    public static UInt128 New(Action<Span<byte>> fillRandom, ShardId tokenShard)
    {
        Span<byte> bytes = stackalloc byte[16];
        fillRandom(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], tokenShard.Value);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    public static ShardId TokenShard(UInt128 reservation) => new((uint)(reservation & uint.MaxValue));
}
