namespace TokMesh.Cluster.Meta;

/// <summary>What Orleans' membership notes of one silo. Meta looks into nothing of it but what it needs to clean up.</summary>
/// <param name="Silo">The silo's address with its generation, as text: the row's key.</param>
/// <param name="Version">The version of the table that wrote the row last.</param>
/// <param name="Body">The entry as its writer encodes it.</param>
/// <param name="IsDead">Whether the entry says that the silo is dead.</param>
/// <param name="StartedTicks">When it started: UTC, in units of 100 ns.</param>
/// <param name="AliveTicks">When it last gave a sign of life: UTC, in units of 100 ns.</param>
public sealed record SiloRow(string Silo, int Version, string Body, bool IsDead, long StartedTicks, long AliveTicks);

/// <summary>Orleans' membership table, as meta keeps it: rows, and a version that grows with every one that is written.</summary>
public sealed record SiloTable
{
    /// <summary>Nobody has joined yet.</summary>
    public static readonly SiloTable Empty = new();

    /// <summary>Grows by one with every row that is inserted or updated; signs of life and cleaning up do not count.</summary>
    public int Version { get; init; }

    /// <summary>All rows, by key.</summary>
    public IReadOnlyList<SiloRow> Rows { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(SiloTable? other) => other is not null && Version == other.Version && Rows.SequenceEqual(other.Rows);

    /// <inheritdoc/>
    public override int GetHashCode() => Version;
}

/// <summary>A sign of life of a silo.</summary>
/// <param name="Silo">The row's key.</param>
/// <param name="Ticks">When: UTC, in units of 100 ns.</param>
public sealed record SiloSign(string Silo, long Ticks);

/// <summary>A change of the table, as it stands in meta's log. One of the five is given.</summary>
public sealed record SiloChange
{
    /// <summary>Writes a row that is not there, at the version that <see cref="SiloRow.Version"/> says the table has then.</summary>
    public SiloRow? Insert { get; init; }

    /// <summary>Writes a row that is there, likewise, if <see cref="RowVersion"/> is its version.</summary>
    public SiloRow? Update { get; init; }

    /// <summary>With an update: which version of the row it replaces.</summary>
    public int RowVersion { get; init; }

    /// <summary>Moves the time of the last sign of life; of a silo without a row it means nothing.</summary>
    public SiloSign? Sign { get; init; }

    /// <summary>Removes the dead that started and were last heard before this: UTC, in units of 100 ns.</summary>
    public long? CleanUp { get; init; }

    /// <summary>Removes every row.</summary>
    public bool Clear { get; init; }

    /// <summary>Whether one change is asked for, and not none or several.</summary>
    internal bool IsOne => (Insert is null ? 0 : 1) + (Update is null ? 0 : 1) + (Sign is null ? 0 : 1) + (CleanUp is null ? 0 : 1) + (Clear ? 1 : 0) == 1;

    /// <summary>The table after the change; null when it is at another version, or the row is not as it should be.</summary>
    internal SiloTable? ApplyTo(SiloTable table)
    {
        switch (this)
        {
            case { Insert: { } row }:
                if (row.Version != table.Version + 1 || table.Rows.Any(r => r.Silo == row.Silo)) return null;
                return new SiloTable { Version = row.Version, Rows = [.. table.Rows.Append(row).OrderBy(r => r.Silo, StringComparer.Ordinal)] };
            case { Update: { } row }:
                if (row.Version != table.Version + 1 || !table.Rows.Any(r => r.Silo == row.Silo && r.Version == RowVersion)) return null;
                return new SiloTable { Version = row.Version, Rows = [.. table.Rows.Select(r => r.Silo == row.Silo ? row : r)] };
            case { Sign: { } sign }:
                return table with { Rows = [.. table.Rows.Select(r => r.Silo == sign.Silo ? r with { AliveTicks = sign.Ticks } : r)] };
            case { CleanUp: { } before }:
                return table with { Rows = [.. table.Rows.Where(r => !r.IsDead || Math.Max(r.StartedTicks, r.AliveTicks) >= before)] };
            default:
                return table with { Rows = [] };
        }
    }
}
