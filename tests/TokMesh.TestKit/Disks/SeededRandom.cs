namespace TokMesh.TestKit.Disks;

/// <summary>SplitMix64: the same numbers for a seed on every runtime, so that a failing run is its seed.</summary>
public sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    public bool NextBool() => (Next() & 1) != 0;

    public int Below(int bound) => (int)(Next() % (ulong)bound);
}
