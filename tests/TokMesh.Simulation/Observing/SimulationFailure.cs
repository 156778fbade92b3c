namespace TokMesh.Simulation.Observing;

/// <summary>A run showed something that must never be.</summary>
internal sealed class SimulationFailure(string message) : Exception(message)
{
    /// <summary>The group it concerns.</summary>
    public uint? Group { get; init; }

    /// <summary>The register of the clients' history it concerns.</summary>
    public string? Register { get; init; }
}
