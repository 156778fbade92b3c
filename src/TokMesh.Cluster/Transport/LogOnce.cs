namespace TokMesh.Cluster.Transport;

/// <summary>What fails again and again for the same reason is said once, until it has worked in between. Not thread-safe.</summary>
public sealed class LogOnce
{
    private string? _problem;

    /// <summary>Whether this is another problem than the last one.</summary>
    public bool IsNew(string problem)
    {
        if (problem == _problem) return false;
        _problem = problem;
        return true;
    }

    /// <summary>It works: the next problem is a new one.</summary>
    public void Works() => _problem = null;
}
