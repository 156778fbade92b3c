using System.Buffers.Binary;

namespace TokMesh.Simulation.World;

/// <summary>A fast 64-bit hash that is the same in every process: digests of runs and of entries are compared across them.</summary>
internal static class Hash
{
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var hash = 0x2545F4914F6CDD1D ^ (ulong)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..]) hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        ulong rest = 0;
        foreach (var b in bytes) rest = rest << 8 | b;
        return Mix(hash, rest);
    }

    /// <summary>Of a short text, such as the name of a profile.</summary>
    public static ulong Of(string text) => Of(System.Text.Encoding.UTF8.GetBytes(text));

    public static ulong Mix(ulong hash, ulong value)
    {
        hash = (hash ^ value) * 0x9E3779B97F4A7C15;
        return hash ^ (hash >> 32);
    }
}
