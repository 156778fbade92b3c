namespace TokMesh.EndToEnd;

/// <summary>
/// Marks tests that run beside the rest, in the other row of <c>./tokmesh test</c>: those that wait most of their time, and as many more as make
/// both rows equally long.
/// </summary>
internal static class Row
{
    public const string Trait = "row", Beside = "beside";
}
