using ArchUnitNET.Fluent.Slices;
using ArchUnitNET.Loader;
using static ArchUnitNET.Fluent.ArchRuleDefinition;
using Assembly = System.Reflection.Assembly;

namespace TokMesh.TestKit;

/// <summary>Which way the folders of a project point, as its compiled assembly says: a folder is a namespace.</summary>
public static class FolderDirection
{
    /// <summary>
    /// What is wrong, in words; nothing when no folder knows another that knows it, over any number of steps, and none knows what lies in
    /// the project's own directory, which stands on all of them.
    /// </summary>
    /// <param name="name">Of the assembly, and of its root namespace.</param>
    public static IReadOnlyList<string> Problems(string name)
    {
        var architecture = new ArchLoader().LoadAssemblies(Assembly.Load(name)).Build();
        var cycles = SliceRuleDefinition.Slices().Matching($"{name}.(*)").Should().BeFreeOfCycles().Evaluate(architecture);
        var upwards = Types().That().ResideInNamespaceMatching($@"^{name.Replace(".", @"\.", StringComparison.Ordinal)}\..+").Should()
            .NotDependOnAny(Types().That().ResideInNamespace(name)).WithoutRequiringPositiveResults().Evaluate(architecture);
        return [.. cycles.Concat(upwards).Where(static r => !r.Passed).Select(static r => r.Description)];
    }

    /// <summary>The files of a project whose namespace is not that of their folder.</summary>
    /// <param name="project">Its directory, below the repository's, which has its name.</param>
    public static IReadOnlyList<string> Misplaced(string project)
    {
        var root = Path.Combine(SourceTree.Root, project);
        return [.. SourceTree.Files(project).Where(f => File.ReadLines(f).FirstOrDefault(static l => l.StartsWith("namespace ", StringComparison.Ordinal)) is { } line
            && line != $"namespace {NamespaceOf(root, f)};")];
    }

    private static string NamespaceOf(string root, string file)
    {
        var folder = Path.GetRelativePath(root, Path.GetDirectoryName(file)!);
        return Path.GetFileName(root) + (folder == "." ? "" : "." + folder.Replace('/', '.'));
    }
}
