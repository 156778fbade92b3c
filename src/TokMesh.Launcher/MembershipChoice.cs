namespace TokMesh.Launcher;

/// <summary>Where it is kept which silos there are.</summary>
/// <param name="Postgres">A connection string, <see cref="Auto"/> for a PostgreSQL of the cluster's own, or null for the cluster itself.</param>
internal sealed record MembershipChoice(string? Postgres)
{
    public const string Auto = "auto";

    /// <summary>What a user says for null.</summary>
    public const string None = "none";

    public bool HasOwnPostgres => Postgres == Auto;

    /// <summary>What a cluster runs with.</summary>
    public static MembershipChoice Of(ClusterFile known) => new(known.Postgres);

    /// <summary>What the next start uses: what was asked for, or else what the cluster has.</summary>
    public static MembershipChoice Of(Options options, ClusterFile? known) => new(options.Postgres switch
    {
        null => known?.Postgres,
        None => null,
        var wanted => wanted,
    });

    /// <summary>What every server is told. The connection string is not among it: everybody can read a command line.</summary>
    public IEnumerable<string> Arguments() => this switch
    {
        { Postgres: null } => ["--cluster.membership=meta"],
        { HasOwnPostgres: true } => ["--cluster.membership=adonet", "--cluster.orleans.create-tables=true"],
        _ => ["--cluster.membership=adonet"],
    };

    public override string ToString() => HasOwnPostgres ? "a PostgreSQL of its own" : Postgres is not null ? "a PostgreSQL of yours" : "the cluster itself";
}
