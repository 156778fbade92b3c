namespace TokMesh.Cluster.Tests;

/// <summary>Random bytes that are the same in every run.</summary>
internal static class Randomness
{
    public static Action<Span<byte>> Of(int seed)
    {
        var random = new Random(seed);
        return span => random.NextBytes(span);
    }
}
