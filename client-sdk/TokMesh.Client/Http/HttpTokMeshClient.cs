namespace TokMesh.Client;

/// <summary>
/// The HTTP carrier: for applications outside the cluster. Spreads calls over several endpoints and goes on with the others when one
/// fails. One object serves all threads; it owns its connections.
/// </summary>
public sealed class HttpTokMeshClient : ITokMeshClient, IDisposable
{
    private readonly HttpCalls _calls;

    /// <summary>For use without dependency injection.</summary>
    /// <param name="options">Copied here: later changes do nothing.</param>
    /// <param name="time">Time; null for the system's.</param>
    /// <exception cref="ArgumentException">The options cannot work; one line for each problem.</exception>
    public HttpTokMeshClient(TokMeshClientOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = TokMeshClientOptionsValidator.Problems(options);
        if (problems.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(options));
        _calls = new HttpCalls(options, time ?? TimeProvider.System);
        Sessions = new HttpSessions(_calls);
        Keys = new HttpKeys(_calls);
    }

    /// <inheritdoc/>
    public ITokMeshSessions Sessions { get; }

    /// <inheritdoc/>
    public ITokMeshKeys Keys { get; }

    /// <summary>Closes the connections; calls that are under way fail.</summary>
    public void Dispose() => _calls.Dispose();
}
