using Npgsql;

namespace TokMesh.Orleans.Database;

/// <summary>One script of <c>sql/</c>, compiled in, and what can be seen in a database to which it was applied.</summary>
/// <param name="File">Its name.</param>
/// <param name="Tables">What our stored queries read and write.</param>
/// <param name="Queries">The keys under which the provider looks for its queries.</param>
internal sealed record SchemaScript(string File, IReadOnlyList<string> Tables, IReadOnlyList<string> Queries)
{
    private const string OurMark = "/* tokmesh */";

    /// <summary>What is not there, in words; nothing when all is.</summary>
    public async Task<IReadOnlyList<string>> MissingAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        if (!await HasTableAsync(connection, "orleansquery", cancel)) return [$"table OrleansQuery ({File})"];
        var stored = new Dictionary<string, string>(StringComparer.Ordinal);
        await using (var command = new NpgsqlCommand("SELECT QueryKey, QueryText FROM OrleansQuery", connection))
        await using (var rows = await command.ExecuteReaderAsync(cancel))
        {
            while (await rows.ReadAsync(cancel)) stored[rows.GetString(0)] = rows.GetString(1);
        }
        var missing = new List<string>();
        missing.AddRange(Queries.Where(key => !stored.ContainsKey(key)).Select(key => $"stored query {key} ({File})"));
        // Queries of another origin use tables that only their author knows.
        if (!Queries.Any(key => stored.TryGetValue(key, out var text) && text.StartsWith(OurMark, StringComparison.Ordinal))) return missing;
        foreach (var table in Tables)
            if (!await HasTableAsync(connection, table, cancel)) missing.Add($"table {table} ({File})");
        return missing;
    }

    public async Task ApplyAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var resource = typeof(SchemaScript).Assembly.GetManifestResourceStream("sql/" + File)
            ?? throw new InvalidOperationException($"sql/{File} was not compiled in.");
        using var reader = new StreamReader(resource);
        await using var command = new NpgsqlCommand(await reader.ReadToEndAsync(cancel), connection);
        await command.ExecuteNonQueryAsync(cancel);
    }

    private static async Task<bool> HasTableAsync(NpgsqlConnection connection, string table, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table });
        return await command.ExecuteScalarAsync(cancel) is true;
    }
}
