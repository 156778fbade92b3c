namespace TokMesh.Simulation.Mutants;

/// <summary>A deliberate bug: one line of one file of the product, changed.</summary>
/// <param name="What">What goes wrong, in words.</param>
/// <param name="Source">Path of the file, with slashes.</param>
/// <param name="Line">The line as it is, without indentation; the only such line of the file.</param>
/// <param name="Instead">The line that takes its place; may be empty.</param>
internal sealed record Mutant(string What, string Source, string Line, string Instead)
{
    /// <summary>Reads a list of mutants; mutants.txt says in its first lines what one looks like.</summary>
    /// <exception cref="FormatException">A mutant is incomplete: which, and what is missing.</exception>
    public static IReadOnlyList<Mutant> ReadAll(string list)
    {
        var mutants = new List<Mutant>();
        foreach (var block in File.ReadAllText(list).ReplaceLineEndings("\n").Split("\n## ").Skip(1))
        {
            var lines = block.TrimEnd().Split('\n');
            if (lines.Length != 4 || !lines[2].StartsWith("- ", StringComparison.Ordinal) || lines[3][0] != '+')
                throw new FormatException($"Mutant \"{lines[0]}\" needs four lines: what, file, \"- line\", \"+ line instead\".");
            mutants.Add(new Mutant(lines[0], lines[1], lines[2][2..], lines[3][1..].Trim()));
        }
        return mutants;
    }

    /// <summary>The file's text with the bug in it.</summary>
    /// <exception cref="FormatException">The line is not there, or not only once: the source has moved on.</exception>
    public string Apply(string text)
    {
        var lines = text.Split('\n');
        var places = Enumerable.Range(0, lines.Length).Where(i => lines[i].Trim() == Line).ToArray();
        if (places.Length != 1) throw new FormatException($"Mutant \"{What}\": {Source} has {places.Length} lines \"{Line}\"; exactly one is needed.");
        var indentation = lines[places[0]][..^lines[places[0]].TrimStart().Length];
        lines[places[0]] = indentation + Instead;
        return string.Join('\n', lines);
    }
}
