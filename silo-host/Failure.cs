using Orleans.Runtime;

namespace TokMesh.Host;

/// <summary>Ends the process at once: a promise may be broken by going on for even a moment, so nothing is wound down in order.</summary>
internal sealed class Failure(NodeLog log) : IFatalErrorHandler
{
    private const int ExitCode = 70;

    public void Stop(Exception why)
    {
        log.Stopping(why.Message);
        Environment.Exit(ExitCode);
    }

    public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

    /// <summary>A silo that finds itself declared dead must end, and so must its node: another start brings both back.</summary>
    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        Stop(new InvalidOperationException($"Orleans gave up: {context ?? exception?.Message ?? "no reason given"}. The silo must be started again.", exception));
    }
}
