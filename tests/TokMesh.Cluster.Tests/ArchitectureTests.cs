using System.Reflection;
using TokMesh.TestKit;

namespace TokMesh.Cluster.Tests;

/// <summary>
/// Who may know whom, as the compiled assemblies say: cores know nobody, front ends know the cluster, and not each other. The silo's part
/// (TokMesh.Orleans), and what an application references, is checked beside its own tests.
/// </summary>
public sealed class ArchitectureTests
{
    private const string Product = "TokMesh.";

    // An allowed reference need not be there: a compiler leaves out what no type is used of.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["TokMesh.Raft"] = [],
        ["TokMesh.Log"] = [],
        ["TokMesh.State"] = [],
        ["TokMesh.Cluster"] = ["TokMesh.Raft", "TokMesh.Log", "TokMesh.State"],
        ["TokMesh.Gateway"] = ["TokMesh.Cluster", "TokMesh.Raft", "TokMesh.Log", "TokMesh.State"],
        ["TokMesh.Redis"] = ["TokMesh.Cluster", "TokMesh.Raft", "TokMesh.State"],
    };

    public static TheoryData<string> Assemblies() => [.. Allowed.Keys];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void An_assembly_references_only_those_it_may_know(string name) =>
        Assert.Empty(ReferencesOf(name).Where(r => r.StartsWith(Product, StringComparison.Ordinal)).Except(Allowed[name]));

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void No_product_assembly_references_a_test_assembly_or_framework(string name) =>
        Assert.DoesNotContain(ReferencesOf(name), r => r.Contains("Test", StringComparison.Ordinal) || r.Contains("xunit", StringComparison.OrdinalIgnoreCase)
            || r is "TokMesh.Simulation" or "TokMesh.Linearizability" or "TokMesh.Bench" or "TokMesh.EndToEnd");

    [Theory]
    [InlineData("TokMesh.Raft")]
    [InlineData("TokMesh.Log")]
    [InlineData("TokMesh.State")]
    [InlineData("TokMesh.Cluster")]
    public void The_core_knows_no_web_server(string name) =>
        Assert.DoesNotContain(ReferencesOf(name), r => r.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));

    /// <summary>What Orleans believes about life and place is a hint: what is promised must not be able to ask it.</summary>
    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Orleans_is_known_to_the_silos_part_alone(string name) =>
        Assert.DoesNotContain(ReferencesOf(name), r => r.StartsWith("Orleans", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Folders_point_one_way(string name) => Assert.Empty(FolderDirection.Problems(name));

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Namespaces_follow_folders(string name) => Assert.Empty(FolderDirection.Misplaced($"src/{name}"));

    private static string[] ReferencesOf(string name) => [.. Assembly.Load(name).GetReferencedAssemblies().Select(r => r.Name!)];
}
