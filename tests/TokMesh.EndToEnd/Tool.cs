using System.Diagnostics;

namespace TokMesh.EndToEnd;

/// <summary>How a program ended and what it said.</summary>
internal sealed record ToolResult(int Code, string Output, string Error)
{
    public string All => Output + Error;
}

/// <summary>Runs a program that is not ours, or ours as a user would.</summary>
internal static class Tool
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Where it is, or null.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);

    /// <summary>Skips the test unless the machine has it.</summary>
    public static void Require(string name) => Skip.If(Find(name) is null, $"{name} is not installed.");

    public static Process Start(string name, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var info = new ProcessStartInfo(name, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        // What steers the tests is no setting of the server.
        foreach (var variable in info.Environment.Keys.Where(k => k.StartsWith("TOKMESH_", StringComparison.Ordinal)).ToArray()) info.Environment.Remove(variable);
        foreach (var (variable, value) in environment) info.Environment[variable] = value;
        return Process.Start(info)!;
    }

    public static async Task<ToolResult> RunAsync(string name, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        using var process = Start(name, arguments, environment);
        return await EndAsync(process, name);
    }

    /// <summary>Waits for its end; a program that does not end is killed and named.</summary>
    public static async Task<ToolResult> EndAsync(Process process, string name)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"{name} had not ended after {Patience.TotalSeconds} s. It said: {await output}{await error}");
        }
        return new ToolResult(process.ExitCode, await output, await error);
    }
}
