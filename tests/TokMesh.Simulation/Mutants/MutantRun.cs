using System.Collections.Concurrent;
using TokMesh.Simulation.Runs;

namespace TokMesh.Simulation.Mutants;

/// <summary>
/// Shows that the tests can fail: puts every mutant into a copy of the source and runs the tests of the project it is in (of
/// the protocol: scenarios first, then random schedules), then whole nodes in simulation, until one of them objects. What joins a node to
/// Orleans and to other processes is not part of the simulation: there the project's tests must.
/// </summary>
internal sealed class MutantRun(string root, int jobs)
{
    private const string Protocol = "tests/TokMesh.Raft.Tests";
    private const string Node = "tests/TokMesh.Cluster.Tests";
    private const string Silo = "tests/TokMesh.Orleans.Tests";
    private const string Simulation = "tests/TokMesh.Simulation";
    private const int NamesShown = 2;

    /// <summary>Scenarios, which are quick; then everything else but the harness's own tests.</summary>
    private static readonly string[] ProtocolTests = ["FullyQualifiedName~Scenario", "FullyQualifiedName!~Scenario&FullyQualifiedName!~Schedule", "FullyQualifiedName~RandomSchedule"];

    /// <summary>Whole nodes, undisturbed but for one thing; and the seeds that once failed.</summary>
    private const string SingleFaults = "FullyQualifiedName!~Every_check_holds_in_every_run&FullyQualifiedName!~MutantTests&FullyQualifiedName!~TraceTests";

    private static readonly string[] SiloSources = ["src/TokMesh.Orleans/", "client-sdk/TokMesh.Client.Orleans/"];

    /// <summary>All that need no PostgreSQL.</summary>
    private const string SiloTests = "FullyQualifiedName!~Sql";

    /// <summary>Much longer than the tests take; a bug may make them wait forever.</summary>
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(5);

    private readonly Lock _console = new();

    /// <summary>Runs those mutants whose description or file contains the text; false when one survives.</summary>
    /// <exception cref="FormatException">A mutant does not apply, or what it makes does not compile.</exception>
    public bool Run(string containing)
    {
        var all = Mutant.ReadAll(Path.Combine(root, Simulation, "Mutants/mutants.txt"));
        var chosen = all.Where(m => $"{m.What} {m.Source}".Contains(containing, StringComparison.OrdinalIgnoreCase)).ToArray();
        Console.WriteLine($"{chosen.Length} of {all.Count} mutants, each built and tested in a copy of the source");
        Console.WriteLine("\n| Bug | File | Caught by |\n|---|---|---|");
        var survivors = new ConcurrentQueue<Mutant>();
        var waiting = new ConcurrentQueue<Mutant>(chosen);
        // Without a bug everything must pass that is asked, or nothing is shown by what fails.
        var untouched = chosen.All(m => IsOfSilo(m.Source)) ? chosen.FirstOrDefault()?.Source : null;
        var workers = Enumerable.Range(1, Math.Min(jobs, chosen.Length)).Select(n => Task.Factory.StartNew(() => Work(n, untouched, waiting, survivors), TaskCreationOptions.LongRunning)).ToArray();
        try
        {
            Task.WaitAll(workers);
        }
        catch (AggregateException e) when (e.InnerException is FormatException first)
        {
            throw new FormatException(first.Message, e);
        }
        Console.WriteLine($"\n{chosen.Length - survivors.Count} caught, {survivors.Count} survived");
        return survivors.IsEmpty;
    }

    private void Work(int number, string? untouched, ConcurrentQueue<Mutant> waiting, ConcurrentQueue<Mutant> survivors)
    {
        using var copy = new ScratchCopy(root, Path.Combine(root, $"artifacts/mutants-{number}"));
        if (number == 1 && Test(copy, untouched) is { } broken) throw new FormatException($"The source as it is does not pass: {broken}");
        while (waiting.TryDequeue(out var mutant))
        {
            var path = copy.PathOf(mutant.Source);
            var original = File.ReadAllText(path);
            File.WriteAllText(path, mutant.Apply(original));
            string? caught;
            try
            {
                caught = Test(copy, mutant.Source);
            }
            catch (FormatException e)
            {
                throw new FormatException($"Mutant \"{mutant.What}\": {e.Message}", e);
            }
            File.WriteAllText(path, original);
            if (caught is null) survivors.Enqueue(mutant);
            lock (_console) Console.WriteLine($"| {mutant.What} | `{Path.GetFileName(mutant.Source)}` | {caught ?? "**survives**"} |");
        }
    }

    /// <summary>What objected to a change of this file; null when nothing did. Without a file, everything is asked.</summary>
    private static string? Test(ScratchCopy copy, string? source)
    {
        if (source is null || source.StartsWith("src/TokMesh.Raft/", StringComparison.Ordinal))
        {
            Build(copy, Protocol);
            foreach (var filter in ProtocolTests)
                if (RunTests(copy, Protocol, filter) is { } caught) return caught;
        }
        if (source is null || source.StartsWith("src/TokMesh.Cluster/", StringComparison.Ordinal))
        {
            Build(copy, Node);
            if (RunTests(copy, Node, "FullyQualifiedName!~ArchitectureTests") is { } caught) return caught;
        }
        if (source is null || IsOfSilo(source))
        {
            Build(copy, Silo);
            if (RunTests(copy, Silo, SiloTests) is { } caught) return caught;
            if (source is not null) return null;
        }
        Build(copy, Simulation);
        if (RunTests(copy, Simulation, SingleFaults) is { } alone) return alone;
        return Profiles.Names.Select(profile => TestNodes(copy, profile)).FirstOrDefault(caught => caught is not null);
    }

    private static bool IsOfSilo(string source) => SiloSources.Any(folder => source.StartsWith(folder, StringComparison.Ordinal));

    private static string? TestNodes(ScratchCopy copy, string profile)
    {
        var seeds = profile == Profiles.DefaultName ? "1..200" : "1..40";
        var (code, output) = copy.Run("dotnet", Most, copy.PathOf($"{Simulation}/bin/Release/net10.0/TokMesh.Simulation.dll"), "--seeds", seeds, "--profile", profile, "--jobs", "1");
        if (code == 0) return null;
        if (code == -1) return $"simulation (`{profile}`), which does not end";
        var replay = output.Split('\n').FirstOrDefault(l => l.Contains("./tokmesh sim", StringComparison.Ordinal));
        return $"simulation, `{(replay is null ? output.Trim().Split('\n')[^1] : replay[replay.IndexOf("./tokmesh", StringComparison.Ordinal)..].Trim())}`";
    }

    private static void Build(ScratchCopy copy, string project)
    {
        if (copy.Build(project) is { } problem) throw new FormatException($"It does not compile: {problem}");
    }

    private static string? RunTests(ScratchCopy copy, string project, string filter)
    {
        var (code, output) = copy.Run("dotnet", Most, "test", copy.PathOf(project), "-c", "Release", "--no-build", "--filter", filter, "--logger", "console;verbosity=normal");
        if (code == 0) return null;
        if (code == -1) return $"{project[(project.IndexOf('/') + 1)..]}, which do not end";
        var failed = output.Split('\n').Select(l => l.Trim()).Where(l => l.StartsWith("Failed TokMesh", StringComparison.Ordinal)).Select(NameOf).Distinct().ToArray();
        if (failed.Length == 0) return $"{project[(project.IndexOf('/') + 1)..]}, which break off: {output.Trim().Split('\n')[^1]}";
        // Scenarios, in lower case, say best what is wrong.
        var shown = failed.OrderByDescending(n => char.IsLower(n[0])).Take(NamesShown);
        return string.Join(", ", shown.Select(n => $"`{n}`")) + (failed.Length > NamesShown ? $" and {failed.Length - NamesShown} more" : "");
    }

    /// <summary>"Failed Namespace.Class.Method(arguments) [time]" as Class.Method, or as the scenario's name.</summary>
    private static string NameOf(string line)
    {
        const string Scenario = "(scenario: ";
        var name = line.Split(' ', 2)[1];
        if (name.LastIndexOf(" [", StringComparison.Ordinal) is >= 0 and var time) name = name[..time];
        if (name.IndexOf(Scenario, StringComparison.Ordinal) is >= 0 and var file) return name[(file + Scenario.Length)..].TrimEnd(')').Trim('"');
        return string.Join('.', name.Split('(')[0].Split('.')[^2..]);
    }
}
