namespace TokMesh.Client.Orleans;

/// <summary>How calls through Orleans are made.</summary>
public sealed class TokMeshOrleansClientOptions
{
    /// <summary>
    /// How long a call may take in all, repetitions included, unless it says otherwise; 10 s. Orleans' own response timeout (30 s) ends
    /// an attempt that is allowed more.
    /// </summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one attempt waits before another is made, where that is safe; 6 s.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>How fresh reads are, unless a call says otherwise; linearizable.</summary>
    public Consistency Consistency { get; set; }
}
