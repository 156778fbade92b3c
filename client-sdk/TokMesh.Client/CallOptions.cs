namespace TokMesh.Client;

/// <summary>What one call may be told.</summary>
public sealed record CallOptions
{
    /// <summary>How fresh a read must be; null for the client's default. Writes do not look at it.</summary>
    public Consistency? Consistency { get; init; }

    /// <summary>How long the call may take in all, repetitions included; null for the client's default.</summary>
    public TimeSpan? Deadline { get; init; }
}
