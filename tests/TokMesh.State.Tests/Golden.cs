namespace TokMesh.State.Tests;

/// <summary>Computed once; a change of any is a change of format.</summary>
public static class Golden
{
    public const ulong HashOfEmpty = 15610338416011052929;
    public const ulong HashOfHello = 1810478146589329999;
    public const ulong HashOfLong = 14168219127307612323;
}
