using System.Text.RegularExpressions;
using TokMesh.TestKit;

namespace TokMesh.Cluster.Tests;

/// <summary>The page where a newcomer starts (<c>docs/architecture.md</c>) names types that are there, and no more than can be kept in mind.</summary>
public sealed partial class ArchitecturePageTests
{
    private const int MostTypesOfWalk = 25;

    private static readonly string Page = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "architecture.md"));

    private static readonly HashSet<string> Types =
        [.. SourceTree.Files("src", "silo-host", "client-sdk", "tests").SelectMany(static f => Declaration().Matches(File.ReadAllText(f)).Select(static m => m.Groups[1].Value))];

    public static TheoryData<string> Walks() => [.. Walk().Matches(Page).Select(static m => m.Groups[1].Value)];

    [Fact]
    public void There_is_a_walk_through_each_front_end() => Assert.Equal(3, Walks().Count);

    [Theory]
    [MemberData(nameof(Walks))]
    public void A_walk_names_few_types(string title)
    {
        var walk = Walk().Matches(Page).Single(m => m.Groups[1].Value == title).Groups[2].Value;
        Assert.InRange(Named().Matches(walk).Select(static m => m.Groups[1].Value).Distinct().Count(), 5, MostTypesOfWalk);
    }

    [Fact]
    public void Every_type_that_the_page_names_is_there() =>
        Assert.Equal([], Named().Matches(Page).Select(static m => m.Groups[1].Value).Distinct().Where(static name => !Types.Contains(name)));

    /// <summary>A heading of the third level, and what follows it up to the next heading.</summary>
    [GeneratedRegex(@"^### (.+)\n((?:(?!#).*\n)+)", RegexOptions.Multiline)]
    private static partial Regex Walk();

    /// <summary>A type as the page writes one: a capital and no dot, slash or hyphen.</summary>
    [GeneratedRegex("`([A-Z][A-Za-z0-9]+)`")]
    private static partial Regex Named();

    [GeneratedRegex(@"\b(?:class|record|struct|interface|enum|record struct)\s+([A-Z][A-Za-z0-9]+)")]
    private static partial Regex Declaration();
}
