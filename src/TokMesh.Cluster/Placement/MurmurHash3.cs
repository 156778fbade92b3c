using System.Buffers.Binary;
using System.Numerics;

namespace TokMesh.Cluster.Placement;

/// <summary>MurmurHash3, 32-bit for x86, by Austin Appleby (public domain algorithm). Decides which shard a key belongs to.</summary>
public static class MurmurHash3
{
    /// <summary>Hash of the bytes.</summary>
    public static uint Hash(ReadOnlySpan<byte> data, uint seed = 0)
    {
        const uint C1 = 0xcc9e2d51, C2 = 0x1b873593;
        var h = seed;
        var length = (uint)data.Length;
        while (data.Length >= 4)
        {
            var k = BinaryPrimitives.ReadUInt32LittleEndian(data) * C1;
            h ^= BitOperations.RotateLeft(k, 15) * C2;
            h = BitOperations.RotateLeft(h, 13) * 5 + 0xe6546b64;
            data = data[4..];
        }
        uint tail = 0;
        for (var i = data.Length - 1; i >= 0; i--) tail = (tail << 8) | data[i];
        if (!data.IsEmpty) h ^= BitOperations.RotateLeft(tail * C1, 15) * C2;
        h ^= length;
        h = (h ^ (h >> 16)) * 0x85ebca6b;
        h = (h ^ (h >> 13)) * 0xc2b2ae35;
        return h ^ (h >> 16);
    }
}
