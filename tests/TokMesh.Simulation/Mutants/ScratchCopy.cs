using System.Diagnostics;

namespace TokMesh.Simulation.Mutants;

/// <summary>A copy of the source in a folder of its own, which is built and tested there, and removed.</summary>
internal sealed class ScratchCopy : IDisposable
{
    private static readonly HashSet<string> NotSource = ["bin", "obj", "artifacts", ".git", "node_modules"];

    public ScratchCopy(string root, string folder)
    {
        Folder = folder;
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Copy(root, folder);
    }

    public string Folder { get; }

    public string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>Builds a project; what the compiler said if that fails, else null.</summary>
    public string? Build(string project)
    {
        // A mutant may leave something unused: that is not what is to be shown.
        var (code, output) = Run("dotnet", TimeSpan.FromMinutes(10), "build", PathOf(project), "-c", "Release",
            "-p:TreatWarningsAsErrors=false", "-p:RunAnalyzers=false", "-nodeReuse:false", "-m:1");
        return code == 0 ? null : string.Join('\n', output.Split('\n').Where(l => l.Contains("error", StringComparison.Ordinal)).Distinct().Take(3));
    }

    /// <summary>Runs a program to its end, or ends it when its time is over: the exit code (-1 then), and what it printed.</summary>
    public (int Code, string Output) Run(string program, TimeSpan most, params string[] arguments)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        using var process = Process.Start(info) ?? throw new InvalidOperationException($"{program} did not start.");
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        var ended = process.WaitForExit(most);
        if (!ended) process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return (ended ? process.ExitCode : -1, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.GetDirectories(from))
            if (!NotSource.Contains(Path.GetFileName(folder))) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
