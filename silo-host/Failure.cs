namespace TokMesh.Host;

/// <summary>Ends the process at once: a promise may be broken by going on for even a moment, so nothing is wound down in order.</summary>
internal sealed class Failure(NodeLog log) : IFatalErrorHandler
{
    private const int ExitCode = 70;

    private volatile bool _isEnding;

    public void Stop(Exception why)
    {
        log.Stopping(why.Message);
        Environment.Exit(ExitCode);
    }

    /// <summary>The server was told to stop: from now on what Orleans cannot bear ends nothing that does not end already.</summary>
    public void Ending() => _isEnding = true;

    public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

    /// <summary>
    /// A silo that finds itself declared dead must end, and so must its node: another start brings both back. But Orleans does not stop a silo
    /// that was told to while it was starting, and its parts fail in turn when what they stand on is taken away.
    /// </summary>
    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        if (_isEnding) return;
        Stop(new InvalidOperationException($"Orleans gave up: {context ?? exception?.Message ?? "no reason given"}. The silo must be started again.", exception));
    }
}
