namespace TokMesh.EndToEnd;

/// <summary>The silos of a cluster as Orleans' membership table in PostgreSQL has them, read and changed from outside.</summary>
internal sealed class SiloRows(string connectionString, string cluster)
{
    // Orleans' numbers.
    private const int Active = 3, Dead = 6;

    /// <summary>Whether a silo of the node is in the membership: a node serves before that.</summary>
    public async Task<bool> IsActiveAsync(LocalNode node) =>
        await AskAsync($"SELECT count(*) FROM orleans_silo WHERE {Rows(node)} AND status = {Active}") != "0";

    /// <summary>Whether every silo the node has had is dead.</summary>
    public async Task<bool> IsDeclaredDeadAsync(LocalNode node) =>
        await AskAsync($"SELECT count(*) FROM orleans_silo WHERE {Rows(node)} AND status <> {Dead}") == "0";

    /// <summary>Writes that the node's silo is dead, though it lives.</summary>
    public Task DeclareDeadAsync(LocalNode node) =>
        AskAsync($"BEGIN; UPDATE orleans_silo SET status = {Dead} WHERE {Rows(node)}; UPDATE orleans_cluster SET version = version + 1 WHERE cluster_id = '{cluster}'; COMMIT");

    private string Rows(LocalNode node) => $"cluster_id = '{cluster}' AND silo_name = '{node.Id}'";

    private async Task<string> AskAsync(string statement)
    {
        var settings = connectionString.Split(';').Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        var told = await Tool.RunAsync("psql", ["-v", "ON_ERROR_STOP=1", "-q", "-A", "-t", "-h", settings["Host"], "-p", settings["Port"], "-U", settings["Username"], "-d", settings["Database"], "-c", statement], ("PGPASSWORD", settings["Password"]));
        Assert.True(told.Code == 0, told.All);
        return told.Output.Trim();
    }
}
