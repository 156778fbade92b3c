using TokMesh.Simulation.Mutants;
using TokMesh.TestKit;

namespace TokMesh.Simulation;

/// <summary>The list of mutants keeps up with the source; that each is caught takes long, and is shown by <c>./tokmesh sim --mutants</c>.</summary>
public sealed class MutantTests
{
    [Fact]
    public void Every_mutant_applies_to_the_source_as_it_is()
    {
        var mutants = Mutant.ReadAll(Path.Combine(SourceTree.Root, "tests/TokMesh.Simulation/Mutants/mutants.txt"));
        Assert.True(mutants.Count >= 25);
        Assert.Equal(mutants.Count, mutants.Select(m => m.What).Distinct().Count());
        foreach (var mutant in mutants)
        {
            var text = File.ReadAllText(Path.Combine(SourceTree.Root, mutant.Source));
            Assert.NotEqual(text, mutant.Apply(text));
        }
    }

    [Fact]
    public void A_mutant_whose_line_is_gone_says_so()
    {
        var mutant = new Mutant("Nothing works", "src/File.cs", "a();", "b();");
        Assert.Equal("  b();\nc();", mutant.Apply("  a();\nc();"));
        Assert.Contains("src/File.cs has 0 lines", Assert.Throws<FormatException>(() => mutant.Apply("c();")).Message);
        Assert.Contains("2 lines", Assert.Throws<FormatException>(() => mutant.Apply("a();\na();")).Message);
    }
}
