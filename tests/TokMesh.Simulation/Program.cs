using System.Diagnostics;
using System.Security.Cryptography;
using TokMesh.Simulation.Mutants;
using TokMesh.Simulation.Runs;

namespace TokMesh.Simulation;

/// <summary>"./tokmesh sim".</summary>
internal static class Program
{
    private const int SeedsShownOneByOne = 20;

    public static int Main(string[] args)
    {
        try
        {
            var line = CommandLine.Parse(args);
            if (!line.WantsHelp) return line.Mutants ? Mutate(line) : Simulate(line);
            Console.WriteLine(CommandLine.Help);
            return 0;
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine($"{e.Message}\n\"./tokmesh sim --help\" lists the options.");
            return 64;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }

    private static int Mutate(CommandLine line)
    {
        // The program lies in tests/TokMesh.Simulation/bin/Release/net10.0.
        var root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../.."));
        return new MutantRun(root, line.Jobs).Run(line.Only) ? 0 : 1;
    }

    private static int Simulate(CommandLine line)
    {
        using var trace = line.Trace is null ? null : new BufferedStream(File.Create(line.Trace), 1 << 20);
        var (first, last) = line.Seeds ?? (1, 100);
        if (line.Minutes is not null) (first, last) = (RandomNumberGenerator.GetInt32(1_000_000, 900_000_000), int.MaxValue);
        var shown = Stopwatch.StartNew();
        var range = new SeedRange(line.Profile, line.Jobs)
        {
            Ended = result =>
            {
                if (last - first < SeedsShownOneByOne) Console.WriteLine(Report.Line(result));
                else if (shown.Elapsed.TotalSeconds > 10)
                {
                    Console.Error.WriteLine($"  seed {result.Seed} done");
                    shown.Restart();
                }
            },
        };
        var total = range.Run(first, last, line.Minutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null, trace);
        Console.WriteLine(Report.Summary(total, line.Profile));
        if (total.Failure is { } failed)
        {
            Console.WriteLine(Report.Failure(failed));
            return 1;
        }
        if (Report.TooLittle(total) is not { } problem) return 0;
        Console.WriteLine(problem);
        return 1;
    }
}
