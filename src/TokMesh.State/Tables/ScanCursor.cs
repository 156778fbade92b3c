namespace TokMesh.State.Tables;

/// <summary>
/// Redis's scan order: buckets are visited by counting up from the highest bit. When a table doubles or halves, the buckets
/// already visited are exactly those that a smaller or larger table of the same hashes would count as visited (or a few are
/// visited again), so what is there from the start of a scan to its end is returned, whatever the size does meanwhile.
/// </summary>
internal static class ScanCursor
{
    /// <summary>The bucket cursor after <paramref name="cursor"/>; 0 after the last.</summary>
    public static uint Next(uint cursor, uint mask) => Reverse(Reverse(cursor | ~mask) + 1);

    private static uint Reverse(uint v)
    {
        v = ((v >> 1) & 0x55555555) | ((v & 0x55555555) << 1);
        v = ((v >> 2) & 0x33333333) | ((v & 0x33333333) << 2);
        v = ((v >> 4) & 0x0F0F0F0F) | ((v & 0x0F0F0F0F) << 4);
        v = ((v >> 8) & 0x00FF00FF) | ((v & 0x00FF00FF) << 8);
        return (v >> 16) | (v << 16);
    }
}
