namespace TokMesh.Log.Format;

/// <summary>Files that are written aside and renamed when complete. One found at start was never completed.</summary>
internal static class PartialFiles
{
    public const string Suffix = ".tmp";

    public static bool IsPartial(string name) => name.EndsWith(Suffix, StringComparison.Ordinal);
}
