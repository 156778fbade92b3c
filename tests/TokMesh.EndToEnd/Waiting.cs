namespace TokMesh.EndToEnd;

/// <summary>Marks tests that wait most of their time: they run beside others.</summary>
internal static class Waiting
{
    public const string Trait = "waits", Mostly = "mostly";
}
