using System.Numerics;

namespace TokMesh.Cluster.Health;

/// <summary>Sets of groups, a bit for each, as <see cref="HealthReport.Led"/> carries them.</summary>
internal static class GroupBits
{
    public static byte[] For(int groupCount) => new byte[(groupCount + 7) / 8];

    public static void Set(byte[] bits, uint group) => bits[group / 8] |= (byte)(1 << (int)(group % 8));

    /// <summary>Whether a group is in the set; one beyond its end, which a node of another opinion about their number may have sent, is not.</summary>
    public static bool IsSet(ReadOnlySpan<byte> bits, uint group) => group / 8 < bits.Length && (bits[(int)(group / 8)] & (1 << (int)(group % 8))) != 0;

    /// <summary>How many groups are in the set.</summary>
    public static int Count(ReadOnlySpan<byte> bits)
    {
        var count = 0;
        foreach (var eight in bits) count += BitOperations.PopCount(eight);
        return count;
    }

    /// <summary>Adds another set, as far as the first one reaches.</summary>
    public static void Join(byte[] bits, ReadOnlySpan<byte> more)
    {
        for (var i = 0; i < Math.Min(bits.Length, more.Length); i++) bits[i] |= more[i];
    }
}
