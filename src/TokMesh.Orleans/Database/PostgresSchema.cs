using System.Net.Sockets;
using Npgsql;
using TokMesh.Cluster.Errors;

namespace TokMesh.Orleans.Database;

/// <summary>
/// What silos need in PostgreSQL to keep their membership there: the tables and stored queries of clustering. Says in one sentence what is
/// wrong, and makes what is missing, from the scripts in <c>sql/</c>.
/// </summary>
/// <remarks>
/// The codes are stable. <c>TM-DB-5031</c>: no connection. <c>TM-DB-4010</c>: login refused. <c>TM-DB-4040</c>: no such database.
/// <c>TM-DB-4041</c>: tables or queries are missing. <c>TM-DB-4030</c>: the role may not. <c>TM-DB-4090</c>: queries of another origin
/// are in the way. <c>TM-DB-4000</c>: no usable connection string. <c>TM-DB-5000</c>: anything else. No sentence holds a password.
/// </remarks>
public static class PostgresSchema
{
    private const int MaxConnectSeconds = 10;

    private static readonly SchemaScript[] Scripts =
    [
        new("clustering.sql", ["orleans_cluster", "orleans_silo"],
            ["InsertMembershipVersionKey", "InsertMembershipKey", "UpdateMembershipKey", "UpdateIAmAlivetimeKey", "MembershipReadRowKey",
                "MembershipReadAllKey", "GatewaysQueryKey", "DeleteMembershipTableEntriesKey", "CleanupDefunctSiloEntriesKey"]),
    ];

    /// <summary>Null when the database is there and complete; else what is wrong and what to do, in one sentence with a code.</summary>
    public static async Task<string?> ProblemAsync(string connectionString, CancellationToken cancel)
    {
        if (Parse(connectionString) is not { } target) return Unusable;
        try
        {
            await using var connection = new NpgsqlConnection(target.ConnectionString);
            await connection.OpenAsync(cancel);
            var missing = new List<string>();
            foreach (var script in Scripts) missing.AddRange(await script.MissingAsync(connection, cancel));
            return missing.Count == 0 ? null
                : $"{Codes.DatabaseNotPrepared}: {Name(target)} is not prepared: {string.Join("; ", missing)}. Apply what is named with psql (sql/README.md), or set cluster.orleans.create-tables=true.";
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
        {
            return Sentence(e, target);
        }
    }

    /// <summary>Makes what is missing and brings stored queries up to date; several processes may do so at once.</summary>
    /// <exception cref="InvalidOperationException">It could not be done; the message is a sentence as of <see cref="ProblemAsync"/>.</exception>
    public static async Task ApplyAsync(string connectionString, CancellationToken cancel)
    {
        var target = Parse(connectionString) ?? throw new InvalidOperationException(Unusable);
        try
        {
            await using var connection = new NpgsqlConnection(target.ConnectionString);
            await connection.OpenAsync(cancel);
            foreach (var script in Scripts) await script.ApplyAsync(connection, cancel);
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
        {
            throw new InvalidOperationException(Sentence(e, target), e);
        }
    }

    private const string Unusable =
        $"{Codes.DatabaseUnusable}: cluster.orleans.connection-string is not a connection string of Npgsql with a Host: write it like Host=db.example;Database=tokmesh;Username=tokmesh;Password=…";

    // What the parser says about a string is not repeated: a password with an odd character in it ends up in there.
    private static NpgsqlConnectionStringBuilder? Parse(string connectionString)
    {
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(connectionString);
            if (string.IsNullOrEmpty(builder.Host)) return null;
            builder.Timeout = Math.Clamp(builder.Timeout, 1, MaxConnectSeconds);
            // One visit at the start: no connection stays behind.
            builder.Pooling = false;
            return builder;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string Name(NpgsqlConnectionStringBuilder target) => $"the database \"{target.Database ?? target.Username}\" on {target.Host}:{target.Port}";

    private static string Sentence(Exception problem, NpgsqlConnectionStringBuilder target) => (problem as PostgresException)?.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            $"{Codes.DatabaseLogin}: PostgreSQL on {target.Host}:{target.Port} does not let user \"{target.Username}\" in: correct user and password in cluster.orleans.connection-string, or the server's pg_hba.conf.",
        PostgresErrorCodes.InvalidCatalogName =>
            $"{Codes.DatabaseMissing}: {Name(target)} does not exist: create it, or name another in cluster.orleans.connection-string.",
        PostgresErrorCodes.InsufficientPrivilege =>
            $"{Codes.DatabaseForbidden}: user \"{target.Username}\" may not do what is needed in {Name(target)} ({((PostgresException)problem).MessageText}): grant it as sql/README.md says, or apply the scripts as the owner.",
        PostgresErrorCodes.UniqueViolation =>
            $"{Codes.DatabaseOfOthers}: {Name(target)} was prepared by other scripts ({((PostgresException)problem).MessageText}): use it with cluster.orleans.create-tables=false, or give TokMesh a database of its own.",
        { } state => $"{Codes.DatabaseOther}: {Name(target)} answers {((PostgresException)problem).MessageText} ({state}).",
        null => $"{Codes.DatabaseAway}: PostgreSQL cannot be reached on {target.Host}:{target.Port} ({Reason(problem)}): start it, or correct cluster.orleans.connection-string.",
    };

    private static string Reason(Exception problem)
    {
        for (var inner = problem; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException socket) return socket.SocketErrorCode.ToString();
            if (inner is TimeoutException) return $"no answer within {MaxConnectSeconds} s";
        }
        return problem.GetType().Name;
    }
}
