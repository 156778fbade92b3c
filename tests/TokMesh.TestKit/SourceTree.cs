namespace TokMesh.TestKit;

/// <summary>The repository that the tests run in, for tests of what is written there.</summary>
public static class SourceTree
{
    /// <summary>Its directory.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The C# files below some of its directories, without what the build makes.</summary>
    public static IEnumerable<string> Files(params string[] directories) =>
        directories.SelectMany(static d => Directory.EnumerateFiles(Path.Combine(Root, d), "*.cs", SearchOption.AllDirectories))
            .Where(static f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));

    private static string FindRoot()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "TokMesh.sln"))) root = root.Parent ?? throw new InvalidOperationException("The tests do not run inside the repository.");
        return root.FullName;
    }
}
