namespace TokMesh.Host.Configuration;

/// <summary>How many connections a listener may have.</summary>
internal sealed class ListenerLimits
{
    /// <summary>Null to derive it from the process's descriptors.</summary>
    public int? Most { get; set; }

    /// <summary>Of one remote address; null for seven eighths of <see cref="Most"/>.</summary>
    public int? MostPerAddress { get; set; }
}
