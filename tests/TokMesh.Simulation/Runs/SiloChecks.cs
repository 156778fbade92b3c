using TokMesh.Cluster.Meta;
using TokMesh.Simulation.Observing;

namespace TokMesh.Simulation.Runs;

/// <summary>
/// What callers were told of the silos' table must be one history: no version is written twice, none that was acknowledged is lost or read as
/// something else later, and every reader sees the same at the same version.
/// </summary>
internal sealed class SiloChecks
{
    private readonly Dictionary<int, SiloRow> _written = [];
    private readonly Dictionary<int, string> _seen = [];
    private bool _cleansUp;

    /// <summary>The newest version anybody was told of: whoever reads from now on sees it, or a newer one.</summary>
    public int Highest { get; private set; }

    /// <summary>From now on rows of the dead may be gone.</summary>
    public void CleansUp() => _cleansUp = true;

    /// <summary>A change was acknowledged.</summary>
    public void Written(SiloRow row)
    {
        if (!_written.TryAdd(row.Version, row)) throw Failure($"Version {row.Version} was written by silos {_written[row.Version].Silo} and {row.Silo}.");
        Highest = Math.Max(Highest, row.Version);
    }

    /// <summary>The table was read.</summary>
    /// <param name="table">As it was.</param>
    /// <param name="atLeast">What <see cref="Highest"/> was when the reading began.</param>
    public void Read(SiloTable table, int atLeast)
    {
        if (table.Version < atLeast) throw Failure($"Version {table.Version} was read though {atLeast} had been told of before.");
        // Signs of life have no version, and the dead may be cleaned up at any.
        var shown = string.Join(' ', table.Rows.Where(r => !r.IsDead).Select(r => $"{r.Silo}:{r.Version}:{r.Body}"));
        if (!_seen.TryAdd(table.Version, shown) && _seen[table.Version] != shown) throw Failure($"Version {table.Version} was read as [{shown}], and before as [{_seen[table.Version]}].");
        foreach (var row in _written.Values)
        {
            if (row.Version > table.Version) continue;
            var now = table.Rows.FirstOrDefault(r => r.Silo == row.Silo);
            if (now is null ? !_cleansUp : now.Version < row.Version) throw Failure($"The row of silo {row.Silo} as of version {row.Version} is not in version {table.Version}.");
        }
        Highest = Math.Max(Highest, table.Version);
    }

    private static SimulationFailure Failure(string what) => new("The silos' table: " + what) { Group = 0 };
}
