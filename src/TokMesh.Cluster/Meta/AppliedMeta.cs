namespace TokMesh.Cluster.Meta;

/// <summary>What meta has applied on this node. Written by meta's lane, read by every thread.</summary>
/// <param name="began">The map before meta has applied anything: as the bootstrap has it.</param>
internal sealed class AppliedMeta(ClusterMap began)
{
    private MetaView _view = new() { Map = began };
    private bool _isCurrent;

    /// <summary>The map has changed.</summary>
    public event Action? MapChanged;

    /// <summary>Orleans' membership table has changed.</summary>
    public event Action? SilosChanged;

    /// <summary>All of it.</summary>
    public MetaView View => Volatile.Read(ref _view);

    /// <summary>Who is a member and who holds what, as far as this node has heard.</summary>
    public ClusterMap Map => View.Map;

    /// <summary>
    /// Whether meta as applied here has caught up with its leader at least once since this node started. Before, what it says about
    /// API keys may be long out of date.
    /// </summary>
    public bool IsCurrent => Volatile.Read(ref _isCurrent);

    /// <summary>Meta has applied something.</summary>
    public void Publish(MetaView view)
    {
        var before = Interlocked.Exchange(ref _view, view);
        if (!ReferenceEquals(before.Map, view.Map)) MapChanged?.Invoke();
        if (!ReferenceEquals(before.Silos, view.Silos)) SilosChanged?.Invoke();
    }

    /// <summary>This node has caught up with meta since its start: what it has applied may be gone by.</summary>
    public void HasCaughtUp()
    {
        Volatile.Write(ref _isCurrent, true);
        // Who looked until now was shown nothing.
        SilosChanged?.Invoke();
    }
}
