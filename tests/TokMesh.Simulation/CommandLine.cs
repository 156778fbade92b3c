using System.Globalization;
using TokMesh.Simulation.Runs;

namespace TokMesh.Simulation;

/// <summary>The command line is wrong; the message says how.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>What the user asked for.</summary>
internal sealed record CommandLine
{
    private static readonly string[] Options = ["--seeds", "--minutes", "--profile", "--trace", "--jobs", "--mutants", "--only", "--help"];
    private const int MostSeed = 1_000_000_000;

    public static string Help => $"""
        ./tokmesh sim [--seeds A..B] [--minutes M] [--profile P] [--trace FILE] [--jobs N]
        ./tokmesh sim --mutants [--only TEXT] [--jobs N]
            Runs production nodes in one process on virtual time, network and disks, under load and faults, and checks everything.
            Same seed, same run, on every machine. A failure prints the command that repeats it and what happened before it.
            --seeds A..B   these seeds, 0 to {MostSeed}; default 1..100
            --minutes M    fresh seeds until so many minutes are over, 1 to 1440
            --profile P    {string.Join(", ", Profiles.Names)}
            --trace FILE   writes every protocol event as JSON lines (docs/verification.md); its runs come one after another
            --jobs N       runs at once, 1 to 64; default: one per core
            --mutants      instead puts deliberate bugs into copies of the source, one at a time, and shows which test catches each
            --only TEXT    of the mutants, those whose description or file contains this
        {string.Join('\n', Profiles.Named.Select(p => $"    {p.Name,-12} {p.About}").Prepend($"    {Profiles.DefaultName,-12} every seed another mixture of all of them"))}
        """;

    public (int First, int Last)? Seeds { get; init; }

    public int? Minutes { get; init; }

    public string Profile { get; init; } = Profiles.DefaultName;

    public string? Trace { get; init; }

    public int Jobs { get; init; } = Environment.ProcessorCount;

    public bool Mutants { get; init; }

    public string Only { get; init; } = "";

    public bool WantsHelp { get; init; }

    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var line = new CommandLine();
        var words = arguments.SelectMany(a => a.StartsWith("--", StringComparison.Ordinal) && a.IndexOf('=') is > 0 and var at ? new[] { a[..at], a[(at + 1)..] } : [a]).ToArray();
        for (var i = 0; i < words.Length; i++)
        {
            line = words[i] switch
            {
                "--help" or "-h" => line with { WantsHelp = true },
                "--seeds" => line with { Seeds = Range(Value(words, ref i)) },
                "--minutes" => line with { Minutes = Number("--minutes", Value(words, ref i), 1, 1440) },
                "--profile" => line with { Profile = Known(Value(words, ref i)) },
                "--trace" => line with { Trace = Value(words, ref i) },
                "--mutants" => line with { Mutants = true },
                "--only" => line with { Only = Value(words, ref i) },
                "--jobs" => line with { Jobs = Number("--jobs", Value(words, ref i), 1, 64) },
                var other => throw new UsageException($"\"{other}\" is not an option of sim.{NearestWord.Hint(other, Options)}"),
            };
        }
        if (line is { Seeds: not null, Minutes: not null }) throw new UsageException("--seeds and --minutes exclude each other: fresh seeds are drawn for the latter.");
        if (line.Mutants && (line.Seeds is not null || line.Minutes is not null || line.Trace is not null || line.Profile != Profiles.DefaultName))
            throw new UsageException("--mutants goes with --only and --jobs alone.");
        if (line.Only.Length > 0 && !line.Mutants) throw new UsageException("--only belongs to --mutants.");
        return line;
    }

    private static string Value(string[] words, ref int i) =>
        i + 1 < words.Length ? words[++i] : throw new UsageException($"{words[i]} needs a value.");

    private static string Known(string name) =>
        Profiles.Names.Contains(name) ? name : throw new UsageException($"--profile is \"{name}\"; there are {string.Join(", ", Profiles.Names)}.");

    private static (int First, int Last) Range(string text)
    {
        var ends = text.Split("..");
        if (ends.Length > 2) throw new UsageException($"--seeds is \"{text}\"; A..B is expected, or one number.");
        var first = Number("--seeds", ends[0], 0, MostSeed);
        var last = Number("--seeds", ends[^1], 0, MostSeed);
        return first <= last ? (first, last) : throw new UsageException($"--seeds is \"{text}\"; the first must not be above the last.");
    }

    private static int Number(string name, string text, int min, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number : throw new UsageException($"{name} is \"{text}\"; allowed is {min} to {max}.");
}
