using System.Diagnostics.CodeAnalysis;

namespace TokMesh.TestKit.Disks;

/// <summary>Thrown by a <see cref="VirtualDisk"/> whose power is gone. Not an I/O error: the process would be dead too.</summary>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "It is an event of the simulation, not an error.")]
public sealed class SimulatedPowerCut : Exception
{
    internal SimulatedPowerCut(long operation)
        : base($"The power was cut at disk operation {operation}.") => Operation = operation;

    /// <summary>The operation at which it went, counted from 1.</summary>
    public long Operation { get; }
}
