using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.Versioning;
using TokMesh.Launcher;

namespace TokMesh.EndToEnd;

/// <summary>The PostgreSQL that <c>up --postgres auto</c> brings along.</summary>
[SupportedOSPlatform("linux")]
public sealed class PrivatePostgresTests : IAsyncLifetime
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "tokmesh-postgres-" + Guid.NewGuid().ToString("N"));
    private readonly PrivatePostgres _postgres;

    public PrivatePostgresTests() => _postgres = new PrivatePostgres(_directory);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _postgres.StopAsync(immediately: true, default);
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }

    [SkippableFact]
    public async Task It_keeps_port_password_and_data_when_it_is_stopped_and_started()
    {
        Require();
        var first = await _postgres.StartAsync(default);
        Assert.Equal("CREATE TABLE", await SqlAsync(first, "CREATE TABLE kept (n integer)"));
        // What runs is left alone.
        Assert.Equal(first, await _postgres.StartAsync(default));
        await _postgres.StopAsync(immediately: false, default);
        Assert.False(_postgres.IsRunning);
        Assert.Equal(first, await _postgres.StartAsync(default));
        Assert.Equal("INSERT 0 1", await SqlAsync(first, "INSERT INTO kept VALUES (1)"));
        await _postgres.StopAsync(immediately: true, default);
        await _postgres.StartAsync(default);
        Assert.Equal("1", await SqlAsync(first, "SELECT n FROM kept"));
    }

    [SkippableFact]
    public async Task It_listens_on_loopback_alone_and_lets_in_nobody_without_the_password()
    {
        Require();
        var connection = Parts(await _postgres.StartAsync(default));
        var port = int.Parse(connection["Port"], CultureInfo.InvariantCulture);
        Assert.Equal([IPAddress.Loopback], IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(l => l.Port == port).Select(l => l.Address));
        Assert.False(File.Exists($"/tmp/.s.PGSQL.{port}"));
        var refused = await Tool.RunAsync("psql", ["-h", "127.0.0.1", "-p", connection["Port"], "-U", connection["Username"], "-d", "postgres", "-w", "-c", "SELECT 1"], ("PGPASSWORD", "wrong"));
        Assert.Contains("password authentication failed", refused.Error, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory, "password")));
        Assert.Equal("on", await SqlAsync(await _postgres.StartAsync(default), "SHOW fsync"));
    }

    [SkippableFact]
    public async Task A_port_that_somebody_else_took_meanwhile_is_named()
    {
        Require();
        var port = int.Parse(Parts(await _postgres.StartAsync(default))["Port"], CultureInfo.InvariantCulture);
        await _postgres.StopAsync(immediately: false, default);
        using var other = new System.Net.Sockets.TcpListener(IPAddress.Loopback, port);
        other.Start();
        var refused = await Assert.ThrowsAsync<LaunchException>(() => _postgres.StartAsync(default));
        Assert.Contains($"127.0.0.1:{port}", refused.Message, StringComparison.Ordinal);
    }

    private static void Require()
    {
        Machine.RequirePostgres();
        Tool.Require("psql");
    }

    private static Dictionary<string, string> Parts(string connectionString) => connectionString.Split(';').Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);

    private static async Task<string> SqlAsync(string connectionString, string sql)
    {
        var connection = Parts(connectionString);
        var ended = await Tool.RunAsync("psql", ["-h", connection["Host"], "-p", connection["Port"], "-U", connection["Username"], "-d", connection["Database"], "-w", "-A", "-t", "-c", sql], ("PGPASSWORD", connection["Password"]));
        Assert.True(ended.Code == 0, ended.All);
        return ended.Output.Trim();
    }
}
